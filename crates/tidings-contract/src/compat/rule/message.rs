//! Rules of a message beyond its schemas.

use std::fmt;

use serde::{Serialize, Serializer};

use super::severity::Severity;

rules! {
    /// A rule that a change of a message can break, beyond its schemas.
    MessageRule:
    MessageRemoved "message-removed" Break, "the message is gone",
        "who handles it hears nothing more, and who has stored ones can't tell what they are",
        "keep its type as long as anybody handles it or a stream holds one",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"# => "[]";
    VersionReplaced "version-replaced" Warning, "the version is replaced by a later one",
        "who handles only the old one hears nothing more",
        "publish both until nobody handles the old one",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#
            => r#"[{"kind":"event","name":"a","version":2,"subject":"a.v2"}]"#;
    KindChanged "kind-changed" Break, "an event became a request, or the other way round",
        "who handles it answers what is not asked, or not what is",
        "give the other kind another name",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#
            => r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true}}]"#;
    SubjectChanged "subject-changed" Break, "the subject is another",
        "who listens to the old subject hears nothing more",
        "keep the subject, or give the message another version",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a.{b}"}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a.{b}.x"}]"#;
    TokenRenamed "token-renamed" Warning, "a token of the subject has another name",
        "programs that read tokens by name no longer find it",
        "keep the field's name, or tell those who read it",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a.{b}"}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a.{c}"}]"#;
    StreamChanged "stream-changed" Break, "another stream keeps it, or none",
        "consumers of the old stream are given no more of it",
        "keep the stream, or move consumers and messages first",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A"}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"B"}]"#;
    StreamAdded "stream-added" Warning, "a stream keeps it now",
        "who handles it by a queue group gets it once, and who makes a consumer gets it again",
        "start the handlers anew with the new type",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"B"}]"#;
    TagRemoved "tag-removed" Break, "no header says any more which message it is",
        "a handler that goes by the header takes it for none",
        "keep `tagged`",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a","tagged":true}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#;
    UpcastRemoved "upcast-removed" Break, "an older version is not upcast any more",
        "a handler does not get what is stored or sent of it",
        "keep `upcasts`, or let it name a version that upcasts the older one",
        r#"[{"kind":"event","name":"a","version":2,"subject":"a.v2","upcasts":"a.v1"},{"kind":"event","name":"a","version":1,"subject":"a"}]"#
            => r#"[{"kind":"event","name":"a","version":2,"subject":"a.v2"},{"kind":"event","name":"a","version":1,"subject":"a"}]"#;
    IdChanged "id-changed" Warning, "other fields identify it",
        "one that is published again, by the old fields or the new, is stored twice, or passed over as \
         another one's double",
        "start the new publishers once the old ones are gone for longer than the stream's duplicate window",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","id":["b"]}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","id":["b","c"]}]"#;
    LargeAdded "large-added" Break, "its payload may stand in an object store now",
        "a reader of an older build, or of another language, finds an empty message that refers to an object, and can't open it",
        "let all who read it say `large` first, and publish such ones once they run",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A"}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","large":{"store":"A-large"}}]"#;
    LargeRemoved "large-removed" Break, "its payload no longer stands in an object store",
        "a reader of the new build can't open what is stored there, and what is too large for a message can't be published",
        "keep `large` as long as the stream holds one that refers to an object",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","large":{"store":"A-large"}}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A"}]"#;
    LargeStoreChanged "large-store-changed" Break, "its payload stands in another object store",
        "a reader opens objects of the store that its own stream declares alone: the new build none of the old store, the old \
         build none of the new",
        "keep the store's name, or give the event another version in a stream with the other store",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","large":{"store":"A-large"}}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","large":{"store":"B"}}]"#;
    LargeLimitChanged "large-limit-changed" Warning, "its payload goes through the object store from another size on",
        "readers that do not know of large events, and listeners of other languages, are given more of them as empty messages, or fewer",
        "nothing, if all who read it say `large`",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","large":{"store":"A-large"}}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a","stream":"A","large":{"store":"A-large","over":1000}}]"#;
    PayloadUndescribed "payload-undescribed" Unknown, "only one of both says what its payload is",
        "it is neither shown that the reader takes all of it nor that it refuses some",
        "describe the payload on both sides, or look at it and accept it with a reason",
        r#"[{"kind":"event","name":"a","version":1,"subject":"a","payload":{"read":{"type":"string"}}}]"#
            => r#"[{"kind":"event","name":"a","version":1,"subject":"a"}]"#;
    ReplyAdded "reply-added" Warning, "a request is answered that was not",
        "an asker of the old type passes the reply over",
        "nothing, if nobody waits for it",
        r#"[{"kind":"request","name":"a","version":1,"subject":"a"}]"#
            => r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true}}]"#;
    ReplyRemoved "reply-removed" Break, "a request has no reply any more",
        "an asker of the old type waits for it in vain",
        "keep the reply, or give the request another version",
        r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true}}]"#
            => r#"[{"kind":"request","name":"a","version":1,"subject":"a"}]"#;
    ReplyAwaited "reply-awaited" Break, "a request has a reply that old services do not give",
        "an asker of the new type waits for it in vain where an old service answers",
        "start the new services before anybody asks by the new type",
        r#"[{"kind":"request","name":"a","version":1,"subject":"a"}]"#
            => r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true}}]"#;
    ErrorAdded "error-added" Break, "a request declares an error that it did not have",
        "an asker of the old type can't read it",
        "answer with a reply that says so, or give the request another version",
        r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true}}]"#
            => r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true},"error":{"read":{"type":"string"}}}]"#;
    ErrorRemoved "error-removed" Warning, "a request declares no error any more",
        "what an asker of the old type does about the error is never done",
        "nothing, if the service never answers with it",
        r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true},"error":{"read":{"type":"string"}}}]"#
            => r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true}}]"#;
    ErrorUnread "error-unread" Break, "a request lacks the error that old services answer with",
        "an asker of the new type can't read it",
        "keep the error until no old service runs",
        r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true},"error":{"read":{"type":"string"}}}]"#
            => r#"[{"kind":"request","name":"a","version":1,"subject":"a","reply":{"read":true}}]"#;
}
