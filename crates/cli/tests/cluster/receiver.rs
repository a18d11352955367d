//! A webhook's receiver: every change, in the order of each resource, whichever node sends it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Resource and number of what arrived, in the order of arrival.
#[derive(Default, Clone)]
pub(crate) struct Received(Arc<Mutex<Vec<(String, u64)>>>);

impl Received {
    /// Listens for the rest of the test; the URL.
    pub(crate) fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let this = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let this = this.clone();
                // It ends when the node closes the connection.
                thread::spawn(move || while this.take(&stream).is_some() {});
            }
        });
        url
    }

    fn take(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            let Some((name, value)) = line.split_once(':') else { continue };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let message: Value = serde_json::from_slice(&body).ok()?;
        let resource = message["data"]["resource"].as_str()?.to_owned();
        self.0.lock().unwrap().push((resource, message["data"]["sequence"].as_u64()?));
        let mut stream = stream;
        stream.write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n").ok()
    }

    /// Waits until all of the feed was told; each resource's changes came in their order, but for repetitions.
    pub(crate) fn wait_for_all(&self, feed: &[Value]) {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let told: BTreeSet<u64> = self.0.lock().unwrap().iter().map(|(_, sequence)| *sequence).collect();
            if told.len() >= feed.len() {
                break;
            }
            assert!(Instant::now() < until, "{} of {} changes were told", told.len(), feed.len());
            thread::sleep(Duration::from_millis(50));
        }
        let mut last: BTreeMap<String, u64> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (resource, sequence) in self.0.lock().unwrap().iter() {
            if seen.insert(*sequence) {
                let before = last.insert(resource.clone(), *sequence);
                assert!(before < Some(*sequence), "{resource}: {sequence} was told after {before:?}");
            }
        }
    }
}
