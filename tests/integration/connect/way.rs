//! Each way to say who one is and whom one trusts, right and wrong, on a real server: the right one works, the
//! wrong one is an error of its own, and no log, error or `Debug` has a secret.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, SystemTime};

use nkeys::KeyPair;
use tidings::{Bus, BusBuilder, ConnectError};
use tidings_tests::Server;
use uuid::Uuid;

use super::certificate::Certificates;
use super::{carries, operator};
use crate::trust::secret::listened;
use crate::{everything, soon};

type Expected = (&'static str, fn(&ConnectError) -> bool);

/// An error of this variant.
macro_rules! error {
    ($variant:ident) => {
        (stringify!($variant), |error| matches!(error, ConnectError::$variant { .. }))
    };
}

/// A way to connect, and what goes wrong with it.
struct Way {
    name: &'static str,
    right: BusBuilder,
    wrong: Vec<(BusBuilder, Expected)>,
    secrets: Vec<String>,
    /// Lives as long as it is connected to.
    server: Server,
    _certificates: Vec<Certificates>,
}

/// A text that is found nowhere else.
fn secret() -> String {
    format!("s3cret{}", Uuid::new_v4().simple())
}

fn to(server: &Server) -> BusBuilder {
    Bus::builder().server(server.url()).connect_timeout(Duration::from_secs(5))
}

fn at(server: &Server, credentials: &str) -> BusBuilder {
    Bus::builder().server(server.url().replace("://", &format!("://{credentials}@")))
}

async fn token() -> Way {
    let (right, wrong) = (secret(), secret());
    let server = Server::with_config(&format!("authorization {{ token: {right} }}")).await;
    Way {
        name: "token",
        right: to(&server).token(&right),
        wrong: vec![
            (to(&server).token(&wrong), error!(Refused)),
            (at(&server, &wrong), error!(Refused)),
            (to(&server), error!(Refused)),
        ],
        secrets: vec![right, wrong],
        server,
        _certificates: Vec::new(),
    }
}

async fn password() -> Way {
    let (right, wrong) = (secret(), secret());
    let config = format!("authorization {{ user: ann, password: {right} }}");
    let server = Server::with_config(&config).await;
    Way {
        name: "password",
        right: to(&server).user_and_password("ann", &right),
        wrong: vec![
            (to(&server).user_and_password("ann", &wrong), error!(Refused)),
            (to(&server).user_and_password("bob", &right), error!(Refused)),
        ],
        secrets: vec![right, wrong],
        server,
        _certificates: Vec::new(),
    }
}

async fn password_in_url() -> Way {
    let (half, wrong) = (secret(), secret());
    let (right, encoded) = (format!("{half}/#"), format!("{half}%2F%23"));
    let config = format!("authorization {{ user: ann, password: {right:?} }}");
    let server = Server::with_config(&config).await;
    Way {
        name: "password in a URL",
        right: at(&server, &format!("ann:{encoded}")),
        wrong: vec![
            (at(&server, &format!("ann:{wrong}")), error!(Refused)),
            (at(&server, &format!("ann:{right}")), error!(Address)),
        ],
        secrets: vec![half, wrong],
        server,
        _certificates: Vec::new(),
    }
}

async fn nkey() -> Way {
    let (key, other) = (KeyPair::new_user(), KeyPair::new_user().seed().unwrap());
    let config = format!("authorization {{ users: [ {{ nkey: {} }} ] }}", key.public_key());
    let server = Server::with_config(&config).await;
    let seed = key.seed().unwrap();
    let torn = seed[..40].to_owned();
    let file = server.directory().join("ann.nk");
    fs::write(&file, &seed).unwrap();
    Way {
        name: "nkey",
        right: to(&server).nkey(&seed),
        wrong: vec![
            (to(&server).nkey(&other), error!(Refused)),
            (to(&server).nkey(&torn), error!(Credentials)),
            (to(&server).nkey(file.to_str().unwrap()), error!(Credentials)),
        ],
        secrets: vec![torn, other],
        server,
        _certificates: Vec::new(),
    }
}

async fn credentials() -> Way {
    let (server, account) = operator::server().await;
    let (jwt, seed) = operator::user(&account);
    let (_, other_seed) = operator::user(&account);
    let (foreign, foreign_seed) = operator::user(&KeyPair::new_account());
    let hour_ago = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() - 3_600;
    let (expired, expired_seed) = operator::user_until(&account, Some(hour_ago));
    let file = server.directory().join("ann.creds");
    fs::write(&file, operator::creds(&jwt, &seed)).unwrap();
    let expired_file = server.directory().join("expired.creds");
    fs::write(&expired_file, operator::creds(&expired, &expired_seed)).unwrap();
    let no_file = server.directory().join("none.creds");
    Way {
        name: "credentials",
        right: to(&server).credentials_file(&file),
        wrong: vec![
            (to(&server).jwt(&jwt, &other_seed), error!(Refused)),
            (to(&server).jwt(&foreign, &foreign_seed), error!(Refused)),
            (to(&server).jwt(&expired, &expired_seed), error!(Expired)),
            (to(&server).credentials_file(&expired_file), error!(Expired)),
            (to(&server).credentials_file(&no_file), error!(File)),
            (to(&server).credentials(&seed), error!(Credentials)),
            (to(&server), error!(Refused)),
        ],
        secrets: vec![jwt, seed, other_seed, foreign, foreign_seed, expired, expired_seed],
        server,
        _certificates: Vec::new(),
    }
}

/// A line in the midst of a private key's file.
fn line_of_key(certificates: &Certificates, name: &str) -> String {
    let text = fs::read_to_string(certificates.path(name)).unwrap();
    text.lines().nth(1).expect("a key").to_owned()
}

async fn tls() -> Way {
    let certificates = Certificates::new();
    let server = Server::with_config(&certificates.config("")).await;
    let authority = certificates.path("ca.pem");
    let other = Certificates::new();
    let by_name = server.url().replace("127.0.0.1", "localhost");
    Way {
        name: "TLS",
        right: to(&server).root_certificates(&authority),
        wrong: vec![
            (to(&server), error!(UnknownAuthority)),
            (to(&server).root_certificates(other.path("ca.pem")), error!(UnknownAuthority)),
            (to(&server).root_certificates(other.path("none.pem")), error!(File)),
            (Bus::builder().server(by_name).root_certificates(&authority), error!(WrongHost)),
        ],
        secrets: vec![line_of_key(&certificates, "server.key")],
        server,
        _certificates: vec![certificates, other],
    }
}

async fn mutual_tls() -> Way {
    let certificates = Certificates::new();
    let server = Server::with_config(&certificates.config("verify: true")).await;
    let other = Certificates::new();
    let trusting = || to(&server).root_certificates(certificates.path("ca.pem"));
    let shown = |of: &Certificates| {
        trusting().client_certificate(of.path("client.pem"), of.path("client.key"))
    };
    Way {
        name: "a client's certificate",
        right: shown(&certificates),
        wrong: vec![
            (trusting(), error!(ClientCertificate)),
            (shown(&other), error!(ClientCertificate)),
        ],
        secrets: vec![line_of_key(&certificates, "client.key"), line_of_key(&other, "client.key")],
        server,
        _certificates: vec![certificates, other],
    }
}

async fn tls_first() -> Way {
    let certificates = Certificates::new();
    let server = Server::with_config(&certificates.config("handshake_first: true")).await;
    let trusting = || to(&server).root_certificates(certificates.path("ca.pem"));
    Way {
        name: "TLS first",
        right: trusting().tls_first(),
        wrong: vec![
            (trusting().connect_timeout(Duration::from_millis(500)), error!(Timeout)),
            (to(&server).tls_first(), error!(UnknownAuthority)),
        ],
        secrets: vec![line_of_key(&certificates, "server.key")],
        server,
        _certificates: vec![certificates],
    }
}

async fn websocket() -> Way {
    let (right, wrong) = (secret(), secret());
    let config = format!(
        "authorization {{ token: {right} }}\nwebsocket {{ listen: \"127.0.0.1:-1\", no_tls: true }}"
    );
    let server = Server::with_config(&config).await;
    let url = server.websocket_url("ws").await;
    let with = |token: &str| Bus::builder().server(&url).token(token);
    let in_url = url.replace("://", &format!("://{right}@"));
    Way {
        name: "websocket",
        right: Bus::builder().server(in_url),
        wrong: vec![(with(&wrong), error!(Refused))],
        secrets: vec![right, wrong],
        server,
        _certificates: Vec::new(),
    }
}

async fn websocket_with_tls() -> Way {
    let certificates = Certificates::new();
    let config = format!("websocket {{ listen: \"127.0.0.1:-1\", {} }}", certificates.config(""));
    let server = Server::with_config(&config).await;
    let url = server.websocket_url("wss").await;
    let by_name = url.replace("127.0.0.1", "localhost");
    let at = |url: &str| Bus::builder().server(url);
    let authority = certificates.path("ca.pem");
    Way {
        name: "websocket with TLS",
        right: at(&url).root_certificates(&authority),
        wrong: vec![
            (at(&url), error!(UnknownAuthority)),
            (at(&by_name).root_certificates(&authority), error!(WrongHost)),
        ],
        secrets: vec![line_of_key(&certificates, "server.key")],
        server,
        _certificates: vec![certificates],
    }
}

/// Runs one way, and gives all that can be said of it.
async fn try_out(way: Way) -> String {
    let mut said = String::new();
    let Way { name, right, wrong, server: _server, _certificates, .. } = way;
    write!(said, "{right:?} {right:#?}").unwrap();
    let bus = soon(right.connect()).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    carries(&bus).await;
    write!(said, "{bus:?} {bus:#?} {:?}", bus.state()).unwrap();
    bus.close().await.unwrap();
    for (number, (builder, (expected, is_it))) in wrong.into_iter().enumerate() {
        write!(said, "{builder:?} {builder:#?}").unwrap();
        let error = soon(builder.connect()).await.expect_err("no connection");
        assert!(is_it(&error), "{name}, {number}: not {expected}: {error:?}");
        let text = error.to_string();
        match std::error::Error::source(&error) {
            Some(cause) => assert!(text.contains(&cause.to_string()), "the cause is told: {text}"),
            None => assert!(matches!(error, ConnectError::Timeout { .. }), "{error:?}"),
        }
        let names_file = matches!(error, ConnectError::File { .. });
        assert!(names_file || text.contains("://"), "the server is named: {text}");
        said += &everything(&error);
    }
    said
}

#[test]
fn each_way_works_where_it_is_right_is_an_error_of_its_own_where_not_and_tells_no_secret() {
    let mut secrets = Vec::new();
    let said = listened(async {
        let ways = [
            token().await,
            password().await,
            password_in_url().await,
            nkey().await,
            credentials().await,
            tls().await,
            mutual_tls().await,
            tls_first().await,
            websocket().await,
            websocket_with_tls().await,
        ];
        let mut said = String::new();
        for way in ways {
            secrets.extend(way.secrets.iter().cloned());
            said += &try_out(way).await;
        }
        said
    });
    assert!(said.contains("async_nats"), "what the client says is looked at, too");
    for secret in secrets {
        let told = said.lines().find(|line| line.contains(&secret));
        assert!(told.is_none(), "{told:?}");
    }
}
