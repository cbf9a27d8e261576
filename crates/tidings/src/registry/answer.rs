//! No stream may answer a request before its handler does.

use super::ServeError;
use super::plan::Wiring;
use crate::link::Link;
use crate::route::RouteSpec;
use crate::transport::Fault;

/// Asks the server which streams keep the subjects of the registry's requests: whoever made them,
/// they would answer the askers with their own confirmations.
///
/// Where it can't be asked, for example because that is not allowed, a warning is logged: the asker
/// is told then.
pub(super) async fn check(
    link: &Link,
    routes: &[RouteSpec],
    wirings: &[Wiring],
) -> Result<(), ServeError> {
    for (route, wiring) in routes.iter().zip(wirings) {
        let Wiring::Endpoint { declaration, .. } = wiring else { continue };
        let stream = match link.transport.answering_stream(declaration.filter).await {
            Ok(None) => continue,
            // Without JetStream there is none.
            Err(Fault::NoResponders) => return Ok(()),
            Err(Fault::Api(error)) if error.is_no_jetstream() => return Ok(()),
            Err(fault) => {
                let (request, subject) = (route.label(), declaration.filter);
                tracing::warn!(
                    request,
                    subject,
                    %fault,
                    "it can't be asked whether a stream keeps a request's subject"
                );
                return Ok(());
            }
            Ok(Some(stream)) => stream,
        };
        return Err(ServeError::RequestInStream {
            message: route.label(),
            subject: declaration.template,
            stream,
        });
    }
    Ok(())
}
