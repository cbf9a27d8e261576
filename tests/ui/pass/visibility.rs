//! Events of every visibility, with tokens that are more private.

#![deny(warnings)]

use tidings::prelude::*;

mod inner {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Token)]
    enum Hidden {
        A,
    }

    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "public.{hidden}")]
    pub struct Public {
        hidden: Hidden,
    }

    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "above.{hidden}")]
    pub(super) struct Above {
        hidden: Hidden,
    }

    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "here.{hidden}")]
    struct Here {
        hidden: Hidden,
    }

    #[derive(Event)]
    enum Any {
        Here(Here),
        Above(Above),
    }

    pub fn check() {
        let public = Public { hidden: Hidden::A };
        assert_eq!(public.subject().unwrap().as_str(), "public.A");
        let above = Any::Above(Above { hidden: Hidden::A });
        assert_eq!(above.subject().unwrap().as_str(), "above.A");
        let here = Any::Here(Here { hidden: Hidden::A });
        assert_eq!(here.subject().unwrap().as_str(), "here.A");
        assert_eq!(Here::parse_subject("here.A").unwrap().hidden, Hidden::A);
    }
}

fn function() {
    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "local.{name}")]
    struct Local {
        name: String,
    }
    let local = Local { name: "x".into() };
    assert_eq!(local.subject().unwrap().as_str(), "local.x");
}

fn main() {
    inner::check();
    function();
    assert_eq!(inner::Public::filter().subjects().unwrap()[0].as_str(), "public.*");
    assert_eq!(inner::Above::filter().subjects().unwrap()[0].as_str(), "above.*");
}
