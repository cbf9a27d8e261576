//! Rules of a catalog beyond its messages: services, durable consumers, streams and stores.

use std::fmt;

use serde::{Serialize, Serializer};

use super::severity::Severity;

rules! {
    /// A rule that a change of what stands in a catalog beside its messages can break: services, their durable
    /// consumers, streams and object stores.
    CatalogRule:
    ServiceRemoved "service-removed" Break, "the service is gone",
        "who asks it gets no answer, what its consumers hold nobody handles, and what it published nobody does",
        "keep it until another one answers and handles all of that, or keep its name",
        r#"{"services":[{"name":"s"}]}"# => r#"{"services":[{"name":"t"}]}"#;
    EndpointRemoved "endpoint-removed" Break, "a request is answered no more",
        "who asks it is told that nobody answers, or waits until the time is over",
        "keep the handler until nobody asks the request",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"request","filter":"a","queue_group":"s"}]}]}"#
            => r#"{"services":[{"name":"s"}]}"#;
    EndpointMoved "endpoint-moved" Warning, "another service answers the request now",
        "until that one runs nobody does",
        "start the other service first",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"request","filter":"a","queue_group":"s"}]}]}"#
            => r#"{"services":[{"name":"s"},{"name":"t","handles":[{"message":"a","version":1,"kind":"request","filter":"a","queue_group":"t"}]}]}"#;
    HandlerRemoved "handler-removed" Warning, "an event is handled no more",
        "what the service did for each of them is no longer done",
        "nothing, if nobody needs it",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","queue_group":"s"}]}]}"#
            => r#"{"services":[{"name":"s"}]}"#;
    PublicationRemoved "publication-removed" Warning, "the service publishes an event no more",
        "who handles it hears nothing more from this service",
        "tell those who handle it",
        r#"{"services":[{"name":"s","publishes":[{"message":"a","version":1}]}]}"#
            => r#"{"services":[{"name":"s"}]}"#;
    QueueGroupChanged "queue-group-changed" Warning, "the instances share it in another queue group",
        "as long as instances of both run, each group gets every message: it is handled, or answered, twice",
        "keep the group, or end the old instances before the new ones start",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"request","filter":"a","queue_group":"s"}]}]}"#
            => r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"request","filter":"a","queue_group":"t"}]}]}"#;
    FilterNarrowed "filter-narrowed" Break, "fewer subjects reach it",
        "what is sent to the others is answered or handled by nobody; in a stream of interest or a work queue it stays, \
         or is deleted at once",
        "keep the filter, or let another handler take the others first",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a.*","consumer":{"name":"c","stream":"S"}}]}]}"#
            => r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a.b","consumer":{"name":"c","stream":"S"}}]}]}"#;
    FilterWidened "filter-widened" Warning, "more subjects reach it",
        "instances of the old build are given what they do not know, and what a durable consumer has passed already of the \
         new subjects is not delivered",
        "let the new instances start before anything is sent to the new subjects, or give the consumer another name",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a.b","consumer":{"name":"c","stream":"S"}}]}]}"#
            => r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a.*","consumer":{"name":"c","stream":"S"}}]}]}"#;
    ConsumerRemoved "consumer-removed" Break, "a durable consumer is declared no more",
        "what a server holds for it is handled by nobody, and in a stream of interest or a work queue never goes",
        "keep its name, or let it empty and delete it on the server with the last build that reads it",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S"}}]}]}"#
            => r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"d","stream":"S"}}]}]}"#;
    AckPolicyChanged "ack-policy-changed" Break, "the consumer takes other acks",
        "a server does not change it in a consumer that is there: the new build does not start beside it",
        "keep the policy, or give the consumer another name",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S"}}]}]}"#
            => r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S","ack_policy":"all"}}]}]}"#;
    AckWaitChanged "ack-wait-changed" Warning, "the server waits another time for an ack",
        "with a shorter one, what an instance of the old build is still handling may be delivered again",
        "handlers that take longer tell of their progress, or keep the time",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S"}}]}]}"#
            => r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S","ack_wait_ms":10000}}]}]}"#;
    BackoffChanged "backoff-changed" Warning, "other waits stand between deliveries",
        "with shorter ones, what an instance of the old build is still handling may be delivered again",
        "nothing, if it is meant",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S","backoff_ms":[1000]}}]}]}"#
            => r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S","backoff_ms":[1000,5000]}}]}]}"#;
    AttemptsChanged "attempts-changed" Warning, "the handler tries a message more or less often",
        "what failed as often as that is a dead letter sooner, or later",
        "nothing, if it is meant",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S","attempts":5}}]}]}"#
            => r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S","attempts":3}}]}]}"#;
    MaxDeliverChanged "max-deliver-changed" Warning, "the server delivers a message more or less often",
        "with fewer, it gives up what was delivered as often already, without a dead letter",
        "raise it, or handle what is waiting first",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S"}}]}]}"#
            => r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S","max_deliver":5}}]}]}"#;
    MaxAckPendingChanged "max-ack-pending-changed" Warning, "more or fewer messages may be unsettled at a time",
        "with fewer, all instances together handle less at once",
        "nothing, if it is meant",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S","max_ack_pending":100}}]}]}"#
            => r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S","max_ack_pending":1}}]}]}"#;
    DeliverPolicyChanged "deliver-policy-changed" Warning, "a new consumer begins elsewhere in the stream",
        "one that is there goes on where it stands, so that two servers with the same build have handled different events",
        "give the consumer another name where it is to begin anew",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S"}}]}]}"#
            => r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S","deliver_policy":"new"}}]}]}"#;
    DeadLettersChanged "dead-letters-changed" Warning, "dead letters go to another stream, or none",
        "who looks after the old stream sees no new ones",
        "tell those who redrive them, and empty the old stream first",
        r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S","dead_letters":"DEAD"}}]}]}"#
            => r#"{"services":[{"name":"s","handles":[{"message":"a","version":1,"kind":"event","filter":"a","consumer":{"name":"c","stream":"S","dead_letters":"OTHER"}}]}]}"#;
    StreamRemoved "stream-removed" Break, "the stream is declared no more",
        "where it is missing nobody makes it, and what publishes to it or reads from it fails there",
        "keep its declaration as long as anybody publishes to it or reads what it keeps",
        r#"{"streams":{"S":{"name":"S","subjects":["a"]}}}"# => "{}";
    StoreRemoved "store-removed" Break, "the object store is declared no more",
        "where it is missing nobody makes it, and what stores objects in it or refers to one fails there",
        "keep it as long as anything refers to what is in it",
        r#"{"streams":{"OBJ_s":{"name":"OBJ_s","subjects":["$O.s.C.>","$O.s.M.>"]}}}"# => "{}";
    StreamSubjectsNarrowed "stream-subjects-narrowed" Break, "the stream keeps fewer subjects",
        "what is published to the others is kept by nobody, and publishers get no confirmation",
        "keep the subjects, or let another stream take them at the same time",
        r#"{"streams":{"S":{"name":"S","subjects":["a.>"]}}}"#
            => r#"{"streams":{"S":{"name":"S","subjects":["a.b"]}}}"#;
    RetentionChanged "retention-changed" Break, "the stream keeps messages for another reason",
        "a work queue gives each message to one consumer and deletes it then, one of interest deletes at once what no \
         consumer wants, and a server makes no stream a work queue that was none, or the other way round",
        "make a stream of another name",
        r#"{"streams":{"S":{"name":"S","retention":"limits"}}}"#
            => r#"{"streams":{"S":{"name":"S","retention":"interest"}}}"#;
    StorageChanged "storage-changed" Break, "the stream is stored elsewhere",
        "a server does not change it in a stream that is there: the plan of the new build is refused",
        "make a stream of another name, or delete this one with what it keeps",
        r#"{"streams":{"S":{"name":"S","storage":"file"}}}"#
            => r#"{"streams":{"S":{"name":"S","storage":"memory"}}}"#;
    StreamLimitLowered "stream-limit-lowered" Warning, "the stream keeps less",
        "what is over the limit is deleted, and who replays or catches up finds less; with `discard: new` each publish is \
         refused meanwhile",
        "keep the limit, if anybody needs what is older",
        r#"{"streams":{"S":{"name":"S","max_age":2000000000}}}"#
            => r#"{"streams":{"S":{"name":"S","max_age":1000000000}}}"#;
    MessageSizeLowered "message-size-lowered" Break, "the largest message that the stream takes is smaller",
        "larger ones are refused when they are published",
        "keep the limit",
        r#"{"streams":{"S":{"name":"S","max_msg_size":2000}}}"#
            => r#"{"streams":{"S":{"name":"S","max_msg_size":1000}}}"#;
    DiscardChanged "discard-changed" Warning, "a full stream drops what is old where it refused what is new, or the other way round",
        "publishers are refused that were not, or readers miss what they did not",
        "nothing, if it is meant",
        r#"{"streams":{"S":{"name":"S","discard":"old"}}}"#
            => r#"{"streams":{"S":{"name":"S","discard":"new"}}}"#;
    DuplicateWindowShortened "duplicate-window-shortened" Warning, "ids are remembered for a shorter time",
        "an event that is published again after that is stored twice",
        "keep the window longer than any publisher tries again",
        r#"{"streams":{"S":{"name":"S","duplicate_window":120000000000}}}"#
            => r#"{"streams":{"S":{"name":"S","duplicate_window":1000000000}}}"#;
    StreamRightRemoved "stream-right-removed" Break, "the stream allows less",
        "programs that do it, such as reading directly, publishing atomically or purging, are refused",
        "keep allowing it until nobody does it",
        r#"{"streams":{"S":{"name":"S","allow_direct":true}}}"# => r#"{"streams":{"S":{"name":"S"}}}"#;
    StreamSourceRemoved "stream-source-removed" Break, "the stream takes from another one no more",
        "what is published there comes to its consumers no more",
        "keep the source, or let the consumers read the other stream",
        r#"{"streams":{"S":{"name":"S","sources":[{"name":"A"},{"name":"B"}]}}}"#
            => r#"{"streams":{"S":{"name":"S","sources":[{"name":"A"}]}}}"#;
    RepublishChanged "republish-changed" Break, "the stream sends on to other subjects, or to none",
        "who listens to the old ones hears nothing more",
        "keep the subjects until nobody listens",
        r#"{"streams":{"S":{"name":"S","republish":{"src":"a","dest":"b"}}}}"# => r#"{"streams":{"S":{"name":"S"}}}"#;
    SubjectTransformChanged "subject-transform-changed" Break, "the stream keeps messages under other subjects",
        "a consumer by the old subjects is given no more of them",
        "widen the filters of its consumers first",
        r#"{"streams":{"S":{"name":"S","subject_transform":{"src":"a","dest":"b"}}}}"#
            => r#"{"streams":{"S":{"name":"S","subject_transform":{"src":"a","dest":"c"}}}}"#;
    StreamSettingChanged "stream-setting-changed" Warning, "another setting of the stream differs",
        "a server may refuse it in a stream that is there, and `tidings stream plan` says so",
        "nothing, if it is meant",
        r#"{"streams":{"S":{"name":"S","num_replicas":1}}}"# => r#"{"streams":{"S":{"name":"S","num_replicas":3}}}"#;
}
