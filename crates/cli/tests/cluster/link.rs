//! A way between a node and the database that can be cut: what is sent while it is cut arrives never, or late.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A forwarder on a port of its own.
pub(crate) struct Link {
    /// Where it listens.
    pub(crate) port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_cut: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Link {
    /// Forwards to this port of 127.0.0.1.
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                shared.wait();
                let Ok(far) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let _ = (near.set_nodelay(true), far.set_nodelay(true));
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    shared.open.lock().unwrap().push(from.try_clone().unwrap());
                    let state = Arc::clone(&shared);
                    thread::spawn(move || forward(from, to, &state));
                }
            }
        });
        Self { port: here, state }
    }

    /// Nothing gets through any more, in either direction, and nobody is told.
    pub(crate) fn cut(&self) {
        self.state.is_cut.store(true, Ordering::SeqCst);
    }

    /// What was sent meanwhile gets through now.
    pub(crate) fn heal(&self) {
        self.state.is_cut.store(false, Ordering::SeqCst);
    }

    /// What was sent meanwhile is lost: the connections are closed, and new ones get through.
    pub(crate) fn reset(&self) {
        for stream in self.state.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.heal();
    }
}

impl State {
    fn wait(&self) {
        while self.is_cut.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, state: &State) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        state.wait();
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
