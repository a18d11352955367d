//! A browser of the console without a screen, over TCP.

#![allow(clippy::unwrap_used, reason = "a helper of tests")]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// A browser without a screen, over TCP.
pub(crate) struct Browser {
    address: String,
    /// By name.
    pub(crate) cookies: BTreeMap<String, String>,
    form_token: String,
}

impl Browser {
    /// One that was never here.
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), cookies: BTreeMap::new(), form_token: String::new() }
    }

    /// Status, and where it leads or what is shown.
    pub(crate) fn get(&mut self, path: &str) -> (u16, String) {
        self.send("GET", path, "")
    }

    /// Sends a form with the token of the last page.
    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> u16 {
        let token = self.form_token.clone();
        let fields = fields.iter().copied().chain([("form_token", &*token)]);
        let pairs: Vec<String> =
            fields.map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
        self.send("POST", path, &pairs.join("&")).0
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> (u16, String) {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            cookies.join("; "),
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, page) = answer.split_once("\r\n\r\n").unwrap();
        let mut location = String::new();
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            if name.eq_ignore_ascii_case("set-cookie") {
                let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            } else if name.eq_ignore_ascii_case("location") {
                value.clone_into(&mut location);
            }
        }
        if let Some((_, rest)) = page.split_once("name=\"form_token\" value=\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.form_token);
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, if location.is_empty() { page.to_owned() } else { location })
    }
}
