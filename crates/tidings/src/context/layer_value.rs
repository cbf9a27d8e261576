//! A value that a layer put beside a message.

use std::any::Any;
use std::fmt;

use crate::user_code;

/// Value of any type. It is dropped wherever its message is, so that a panic of its `Drop` ends here.
pub(super) struct LayerValue(Option<Box<dyn Any + Send + Sync>>);

impl LayerValue {
    pub(super) fn new<T: Any + Send + Sync>(value: T) -> Self {
        Self(Some(Box::new(value)))
    }

    /// A copy of it, if it is of this type.
    pub(super) fn get<T: Any + Clone>(&self) -> Option<T> {
        self.0.as_ref()?.downcast_ref::<T>().cloned()
    }
}

impl Drop for LayerValue {
    fn drop(&mut self) {
        let value = self.0.take();
        if let Err(panic) = user_code::guarded(|| drop(value)) {
            user_code::log(|| {
                tracing::warn!(%panic, "a value that a layer put beside a message panics when it is dropped");
            });
        }
    }
}

impl fmt::Debug for LayerValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LayerValue")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_value_that_panics_when_it_is_dropped_harms_nobody() {
        struct Panics(Arc<AtomicBool>);
        impl Drop for Panics {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
                panic!("dropped");
            }
        }
        let dropped = Arc::new(AtomicBool::new(false));
        drop(LayerValue::new(Panics(Arc::clone(&dropped))));
        assert!(dropped.load(Ordering::Relaxed));
    }

    #[test]
    fn a_value_is_given_as_what_it_is() {
        let value = LayerValue::new("acme".to_owned());
        assert_eq!(value.get::<String>().as_deref(), Some("acme"));
        assert_eq!(value.get::<u64>(), None);
    }
}
