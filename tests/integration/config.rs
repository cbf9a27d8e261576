//! `BusConfig`, read by the crates that programs read their configuration with.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use config::{Config, Environment, File, FileFormat};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::Deserialize;
use tidings::{Bus, BusConfig};
use tidings_tests::Server;

use crate::everything;

/// Configuration of a program, of which the bus's is a part.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shop {
    port: u16,
    bus: BusConfig,
}

fn shop(bus: &str) -> String {
    format!("port = 8080\n[bus]\n{bus}\n")
}

fn by_toml(text: &str) -> Result<Shop, Box<dyn Error>> {
    Ok(toml::from_str(text)?)
}

fn by_figment(text: &str) -> Result<Shop, Box<dyn Error>> {
    Ok(Figment::from(Toml::string(text)).extract()?)
}

fn by_config(text: &str) -> Result<Shop, Box<dyn Error>> {
    let file = File::from_str(text, FileFormat::Toml);
    Ok(Config::builder().add_source(file).build()?.try_deserialize()?)
}

type Read = fn(&str) -> Result<Shop, Box<dyn Error>>;
const CRATES: [(&str, Read); 3] =
    [("toml", by_toml), ("figment", by_figment), ("config", by_config)];

#[tokio::test]
async fn a_table_of_any_crate_connects() {
    let secret = "authorization { token: \"s3cret\" }";
    let server = Server::with_config(secret).await;
    for (name, read) in CRATES {
        let text = shop(&format!(
            "servers = [\"{}\"]\nname = \"{name}\"\ntoken = \"s3cret\"\n\
             connect_timeout = \"5s\"\nmax_reconnects = 7\nrequire_tls = false\nsingle_node = true",
            server.url(),
        ));
        let Shop { port, bus } = read(&text).unwrap();
        assert_eq!((port, bus.max_reconnects, bus.require_tls), (8080, Some(7), Some(false)));
        assert!(!format!("{bus:?}").contains("s3cret"), "{bus:?}");
        let bus: Bus = bus.builder().unwrap().connect().await.unwrap();
        let connections = server.monitor("/connz").await;
        let all = connections["connections"].as_array().unwrap();
        assert!(all.iter().any(|one| one["name"] == name), "{name}: {all:?}");
        bus.close().await.unwrap();
    }
}

#[test]
fn an_unknown_key_and_a_wrong_value_are_named_and_no_secret_is() {
    for (name, read) in CRATES {
        for (bus, said) in [
            ("token = \"s3cret\"\nconect_timeout = \"2s\"", "did you mean `connect_timeout`?"),
            ("colour = \"s3cret\"", "unknown key `colour`: there are `servers`, "),
            ("connect_timeout = 5", "write \"5s\""),
            ("close_timeout = \"soon\"", "no duration"),
            ("token = 12345", "a secret is a text"),
        ] {
            let error = everything(&*read(&shop(bus)).unwrap_err());
            assert!(error.contains(said), "{name}: {error}");
            // `toml` shows the line that is wrong by itself, whatever is in it.
            assert!(name == "toml" || !error.contains("s3cret"), "{name}: {error}");
        }
        let error = everything(&*read("port = 1\nbuss = {}").unwrap_err());
        assert!(error.contains("buss"), "{name}: {error}");
    }
}

/// Keys have their types, though the environment gives texts alone.
#[test]
fn an_environment_overrides_a_file() {
    let file = shop("servers = \"nats://a\"\nname = \"shop\"\nmax_reconnects = 1");
    let given = [
        ("SHOP_PORT", "9090"),
        ("SHOP_BUS__SERVERS", "nats://b,nats://c"),
        ("SHOP_BUS__MAX_RECONNECTS", "7"),
        ("SHOP_BUS__REQUIRE_TLS", "true"),
        ("SHOP_BUS__TOKEN", "12345"),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = Environment::with_prefix("SHOP")
        .prefix_separator("_")
        .separator("__")
        .source(Some(given.into()));
    let read = Config::builder()
        .add_source(File::from_str(&file, FileFormat::Toml))
        .add_source(environment)
        .build()
        .and_then(Config::try_deserialize::<Shop>)
        .unwrap();
    assert_eq!(read.port, 9090);
    let BusConfig { servers, name, token, max_reconnects, require_tls, .. } = read.bus;
    assert_eq!(servers.unwrap(), ["nats://b,nats://c"]);
    assert_eq!((max_reconnects, require_tls, name.as_deref()), (Some(7), Some(true), Some("shop")));
    assert_eq!(token.unwrap().reveal(), "12345");

    // figment reads the environment itself: cargo says the package's name in it.
    let read = Figment::from(Toml::string("servers = \"nats://a\"\nname = \"shop\""))
        .merge(Env::prefixed("CARGO_PKG_").only(&["name"]))
        .merge(Serialized::default("request_timeout", "1m 30s"))
        .extract::<BusConfig>()
        .unwrap();
    assert_eq!(read.name.as_deref(), Some(env!("CARGO_PKG_NAME")));
    assert_eq!(read.request_timeout.unwrap().as_secs(), 90);
}

/// A file that is there, with a path for each file in it.
#[test]
fn a_file_names_files() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bus-config");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("shop.toml");
    let bus = "servers = \"tls://a\"\nroot_certificates = [\"a.pem\", \"b.pem\"]\n\
        credentials_file = \"/run/secrets/shop.creds\"";
    fs::write(&path, shop(bus)).unwrap();
    let by_config = Config::builder()
        .add_source(File::from(path.as_path()))
        .build()
        .and_then(Config::try_deserialize::<Shop>)
        .unwrap();
    let by_figment: Shop = Figment::from(Toml::file(&path)).extract().unwrap();
    for BusConfig { root_certificates, credentials_file, .. } in [by_config.bus, by_figment.bus] {
        assert_eq!(root_certificates.unwrap(), ["a.pem", "b.pem"]);
        assert_eq!(credentials_file.unwrap(), PathBuf::from("/run/secrets/shop.creds"));
    }
    fs::remove_dir_all(&folder).unwrap();
}
