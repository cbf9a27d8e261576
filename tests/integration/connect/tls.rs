//! TLS: whom to trust, who one is, and when it begins.

use std::time::Duration;

use tidings::{Bus, BusBuilder, ConnectError};
use tidings_tests::Server;

use super::certificate::Certificates;
use super::{carries, fails};
use crate::soon;

fn to(server: &Server) -> BusBuilder {
    Bus::builder().server(server.url()).connect_timeout(Duration::from_secs(3))
}

/// Connects, and the server says that the connection is encrypted.
async fn connects(server: &Server, builder: BusBuilder) {
    let bus = soon(builder.connect()).await.expect("a connection");
    carries(&bus).await;
    let connections = server.monitor("/connz").await;
    let version = connections["connections"][0]["tls_version"].as_str();
    assert!(version.is_some_and(|version| version.starts_with("1.")), "{connections}");
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority() {
    let certificates = Certificates::new();
    let server = Server::with_config(&certificates.config("")).await;
    let authority = certificates.path("ca.pem");
    connects(&server, to(&server).root_certificates(&authority)).await;
    connects(&server, to(&server).root_certificates(&authority).require_tls()).await;
    let url = server.url().replace("nats://", "tls://");
    connects(&server, Bus::builder().server(url).root_certificates(&authority)).await;

    let other = Certificates::new();
    for builder in [to(&server), to(&server).root_certificates(other.path("ca.pem"))] {
        let error = fails(builder, &[]).await;
        assert!(matches!(error, ConnectError::UnknownAuthority { .. }), "{error:?}");
        assert!(
            error.to_string().contains("invalid peer certificate"),
            "the cause is told: {error}"
        );
    }
    // Each of several files counts, in either order.
    let mut files = [authority, other.path("ca.pem")];
    for _ in 0..2 {
        files.reverse();
        let [first, second] = &files;
        connects(&server, to(&server).root_certificates(first).root_certificates(second)).await;
    }
}

/// A file that is not what it should be, or does not hold it, is told before anything is sent.
#[tokio::test]
async fn a_file_that_holds_no_certificate_is_named() {
    let server = Server::start().await;
    let certificates = Certificates::new();
    let [authority, client, key] =
        ["ca.pem", "client.pem", "client.key"].map(|name| certificates.path(name));
    for (builder, named) in [
        (to(&server).root_certificates(&key), &key),
        (to(&server).client_certificate(&key, &key), &key),
        (to(&server).client_certificate(&client, &authority), &authority),
    ] {
        let error = fails(builder, &[]).await;
        let ConnectError::File { path, .. } = &error else { panic!("{error:?}") };
        assert_eq!(path, named);
        assert!(error.to_string().contains("PEM"), "{error}");
    }
}

/// Clients that ask for TLS get no plain connection.
#[tokio::test]
async fn tls_that_the_server_does_not_have_is_an_error() {
    let server = Server::start().await;
    let certificates = Certificates::new();
    let authority = certificates.path("ca.pem");
    let url = server.url().replace("nats://", "tls://");
    for builder in [
        to(&server).require_tls(),
        to(&server).tls_first(),
        Bus::builder().server(url).connect_timeout(Duration::from_secs(3)),
    ] {
        let error = fails(builder.root_certificates(&authority), &[]).await;
        assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_gets_one() {
    let certificates = Certificates::new();
    let server = Server::with_config(&certificates.config("verify: true")).await;
    let to = || to(&server).root_certificates(certificates.path("ca.pem"));
    let shown =
        |of: &Certificates| to().client_certificate(of.path("client.pem"), of.path("client.key"));
    connects(&server, shown(&certificates)).await;
    fails(to(), &[]).await;
    fails(shown(&Certificates::new()), &[]).await;
}

#[tokio::test]
async fn tls_comes_first_where_the_server_says_nothing_before() {
    let certificates = Certificates::new();
    let server = Server::with_config(&certificates.config("handshake_first: true")).await;
    let to = || to(&server).root_certificates(certificates.path("ca.pem"));
    connects(&server, to().tls_first()).await;
    // Both would wait for the other to begin.
    fails(to().connect_timeout(Duration::from_millis(500)), &[]).await;
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let server = Server::start().await;
    let certificates = Certificates::new();
    let there = certificates.path("client.pem");
    let missing = certificates.path("missing.pem");
    for builder in [
        to(&server).root_certificates(&missing),
        to(&server).client_certificate(&missing, &there),
        to(&server).client_certificate(&there, &missing),
        to(&server).credentials_file(&missing),
    ] {
        let error = fails(builder, &[]).await;
        let ConnectError::File { path, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*path, missing);
        assert!(error.to_string().contains("missing.pem"), "{error}");
    }
}
