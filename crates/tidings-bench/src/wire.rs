//! A connection whose bytes are written and read by hand: a client that costs next to nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Context as _, Result, ensure};

/// Size of the read buffer, in bytes.
const BUFFER: usize = 64 * 1024;

/// A connection in the client protocol of NATS.
#[derive(Debug)]
pub(crate) struct WireConnection {
    socket: TcpStream,
    lines: BufReader<TcpStream>,
    line: String,
}

impl WireConnection {
    pub(crate) fn connect(url: &str) -> Result<Self> {
        let address = url.strip_prefix("nats://").context("no address of a server")?;
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let lines = BufReader::with_capacity(BUFFER, socket.try_clone()?);
        let mut wire = Self { socket, lines, line: String::new() };
        let line = wire.line()?;
        ensure!(line.starts_with("INFO "), "the server says {line:?}");
        wire.write(
            b"CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"name\":\"flood\"}\r\n",
        )?;
        Ok(wire)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.socket.write_all(bytes)?)
    }

    /// The next line, without its end.
    pub(crate) fn line(&mut self) -> Result<&str> {
        loop {
            self.line.clear();
            let read = self.lines.read_line(&mut self.line)?;
            ensure!(read > 0, "the server has closed the connection");
            // It asks once, soon after the connection is made.
            if self.line != "PING\r\n" {
                return Ok(self.line.trim_end());
            }
            self.socket.write_all(b"PONG\r\n")?;
        }
    }

    /// Reads a payload of so many bytes, and drops it.
    pub(crate) fn skip(&mut self, length: usize) -> Result<()> {
        let end = length as u64 + 2;
        let skipped = std::io::copy(&mut self.lines.by_ref().take(end), &mut std::io::sink())?;
        ensure!(skipped == end, "the server has closed the connection");
        Ok(())
    }

    /// `true` if all that has come is read.
    pub(crate) fn is_read(&self) -> bool {
        self.lines.buffer().is_empty()
    }

    /// Waits until the server has read everything.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.write(b"PING\r\n")?;
        let line = self.line()?;
        ensure!(line == "PONG", "the server says {line:?}");
        Ok(())
    }
}
