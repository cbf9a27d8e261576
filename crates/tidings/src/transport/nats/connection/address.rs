//! Addresses of servers, and the credentials that stand in them, which are never shown.

use std::io;

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

use crate::transport::nats::connection::auth::Auth;

/// Problem that is most likely where credentials and the rest of a URL can't be told apart.
const UNESCAPED: &str = "it can't be read with what stands before the `@`; in a URL's user, password or \
    token a character that is neither a letter nor a digit is written percent-encoded: `/` as %2F, `?` as \
    %3F, `#` as %23, `@` as %40, `:` as %3A, `%` as %25";

/// Address of one server.
pub(crate) struct Address {
    /// An address without credentials: async-nats does not use what a URL holds, and logs it.
    pub(crate) address: ServerAddr,
    pub(crate) auth: Option<Auth>,
}

/// Reason why a text is no list of addresses.
#[derive(Debug)]
pub(crate) struct UnreadableAddress {
    /// The address as far as it can be shown.
    pub(crate) shown: String,
    pub(crate) source: io::Error,
}

/// Reads one address, or several with commas between them.
pub(crate) fn read(list: &str) -> Result<Vec<Address>, UnreadableAddress> {
    let parts =
        split(list).map_err(|why| UnreadableAddress { shown: "…".to_owned(), source: why })?;
    let mut addresses = Vec::with_capacity(parts.len());
    for (place, part) in parts.iter().enumerate() {
        let address = parse(part);
        addresses.push(
            address.map_err(|source| UnreadableAddress { shown: show(list, place), source })?,
        );
    }
    Ok(addresses)
}

/// The addresses of a text, safe to show.
pub(crate) fn shown(list: &str) -> String {
    let Ok(parts) = split(list) else { return "…".to_owned() };
    let shown: Vec<String> = (0..parts.len()).map(|place| show(list, place)).collect();
    shown.join(", ")
}

/// The parts of a list. A comma in somebody's password would end an address in the midst of it: where
/// it may be one, nothing is split.
fn split(list: &str) -> io::Result<Vec<&str>> {
    let parts: Vec<&str> = list.split(',').map(str::trim).collect();
    let begins_anew = |part: &&str| !part.contains('@') || scheme(part).is_some();
    if parts.iter().skip(1).all(begins_anew) {
        return Ok(parts);
    }
    Err(invalid(
        "a comma in a user's name, password or token must be written %2C, and an address with \
         credentials behind a comma needs its scheme",
    ))
}

/// One address of a list, without credentials: what stands before the last `@` is left out. It may be
/// no URL at all, with a password that holds what ends a host's name in one.
fn show(list: &str, place: usize) -> String {
    let part = list.split(',').nth(place).unwrap_or_default().trim();
    // A query may hold a secret, too.
    let host = |text: &str| text.split(['?', '#']).next().unwrap_or_default().to_owned();
    let Some((credentials, behind)) = part.rsplit_once('@') else {
        // The first half of credentials with a comma may be no address, but look like one.
        let may_be_cut = list.contains('@') && parse(part).is_err();
        return if may_be_cut { format!("address {}", place + 1) } else { host(part) };
    };
    let host = host(behind);
    match scheme(credentials) {
        Some(scheme) => format!("{scheme}://{host}"),
        None => host,
    }
}

/// The scheme of a URL: letters before `://`.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    scheme.chars().all(|c| c.is_ascii_alphabetic()).then_some(scheme)
}

/// Takes the credentials out of a URL: `user:password@`, or `token@`.
fn parse(server: &str) -> io::Result<Address> {
    if server.contains("://") && !matches!(scheme(server), Some("nats" | "tls" | "ws" | "wss")) {
        return Err(invalid("its scheme is none of `nats`, `tls`, `ws` and `wss`"));
    }
    let mut url = match server.parse::<ServerAddr>() {
        Ok(address) => address.into_inner(),
        Err(_) if has_readable_host(server) => return Err(invalid(UNESCAPED)),
        Err(error) => return Err(error),
    };
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        let is_cut = url.username().is_empty() && server.contains('@');
        return Err(invalid(if is_cut {
            UNESCAPED
        } else {
            "there is more than a host and a port"
        }));
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let auth = match (url.username(), url.password()) {
        ("", None) => None,
        (token, None) => Some(Auth::Token(decoded(token))),
        (user, Some(password)) => Some(Auth::UserAndPassword(decoded(user), decoded(password))),
    };
    if auth.is_some() {
        let refused = |()| invalid("it has no host");
        url.set_username("").map_err(refused)?;
        url.set_password(None).map_err(refused)?;
    }
    Ok(Address { address: ServerAddr::from_url(url)?, auth })
}

/// Returns `true` if what stands behind credentials can be read without them.
fn has_readable_host(server: &str) -> bool {
    server.rsplit_once('@').is_some_and(|(_, behind)| behind.parse::<ServerAddr>().is_ok())
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_the_url() {
        let Address { address, auth } = parse("nats://al:p%40s%2Cs@127.0.0.1:4333").unwrap();
        assert_eq!(address.as_url_str(), "nats://127.0.0.1:4333");
        assert!(matches!(auth, Some(Auth::UserAndPassword(u, p)) if (&*u, &*p) == ("al", "p@s,s")));
        let auth = parse("tls://s3cr3t@example.com").unwrap().auth;
        assert!(matches!(auth, Some(Auth::Token(token)) if token == "s3cr3t"));
        assert!(parse("nats://127.0.0.1").unwrap().auth.is_none());
    }

    #[test]
    fn what_is_shown_has_no_credentials() {
        for (server, shown_as) in [
            ("nats://al:p@ss@host:4222", "nats://host:4222"),
            ("al:pass@host", "host"),
            ("nats://host:4222", "nats://host:4222"),
            ("host:http", "host:http"),
            ("nats://al:pa/ss@host", "nats://host"),
            ("al:pa://ss@host", "host"),
            ("nats://al:pa,ss@host", "…"),
            ("al:pa,ss@host", "…"),
            ("nats://al:pa,nats://ss@host", "address 1, nats://host"),
            ("nats://a, nats://al:pass@b", "nats://a, nats://b"),
            ("nats://host?password=pass", "nats://host"),
            ("nats://al:pass@host?token=pass#pass", "nats://host"),
        ] {
            assert_eq!(shown(server), shown_as);
        }
    }

    #[test]
    fn a_password_that_tears_its_url_is_to_be_percent_encoded() {
        for torn in ["nats://al:pa/ss@host", "nats://al:1/2@host", "al:pa#ss@host", "t?o@host:4222"]
        {
            let error = read(torn).map(drop).unwrap_err();
            assert!(error.source.to_string().contains("%2F"), "{torn}: {error:?}");
        }
        for other in ["nats://host:x", "nats://al:pass@host:x", "nats://al:pass@host/path"] {
            let error = read(other).map(drop).unwrap_err();
            assert!(!error.source.to_string().contains("%2F"), "{other}: {error:?}");
        }
    }

    #[test]
    fn a_list_is_split_where_no_credentials_can_be_cut() {
        let read = |list| read(list).map(|addresses| addresses.len());
        assert_eq!(read("nats://a:1,b:2, tls://al:pass@c").unwrap(), 3);
        for list in ["nats://al:pa,ss@host", "al:pa,ss@host", "nats://a,al:pass@b", "a,token@b"] {
            let error = read(list).unwrap_err();
            assert!(error.source.to_string().contains("%2C"), "{list}: {error:?}");
            assert!(!format!("{error:?}").contains("al:"), "{error:?}");
        }
        for list in ["nats://a/path", "nats://a?password=x", "nats://a#x", "http://a"] {
            assert!(read(list).is_err(), "{list}");
        }
    }
}
