//! Serves the built book on this machine, and builds it anew when a page, a record or a source changes.
//!
//! Loopback only, reading only, one folder only: for an author who writes with the page open beside the editor.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};

use super::BookOptions;
use crate::error::{Failure, SERVE_FAILED};
use crate::exec::interrupt;
use crate::workspace::Workspace;

/// Readers served at a time; more are told to come again.
const READERS_MAX: usize = 32;
/// The longest request that is read: 8 KiB.
const REQUEST_BYTES_MAX: u64 = 8 * 1024;
/// How long a reader may take to ask.
const REQUEST_DEADLINE: Duration = Duration::from_secs(5);
/// Changes within this time are one change.
const SETTLE: Duration = Duration::from_millis(250);
/// The page asks here which build it shows.
const VERSION_PATH: &str = "/.build";

/// See [`crate::pages::serve`].
pub(in crate::pages) fn serve(
    ws: &Workspace,
    options: &BookOptions,
    port: u16,
    started: &mut dyn FnMut(&str),
    trouble: &mut dyn FnMut(&Failure),
) -> Result<(), Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::new(&SERVE_FAILED, e.to_string());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|e| failed(&format!("127.0.0.1:{port}: {e}")))?;
    let address = listener.local_addr().map_err(|e| failed(&e))?;
    let index = super::build(ws, &ws.course()?, options)?;
    let dest: PathBuf = index.parent().map(Path::to_path_buf).unwrap_or_default();

    let build = Arc::new(AtomicU64::new(1));
    let version = Arc::clone(&build);
    std::thread::spawn(move || accept(&listener, &dest, &version));
    started(&format!("http://{address}/"));

    let (sender, changes) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|e| !matches!(e.kind, notify::EventKind::Access(_))) {
            // A closed channel means that the loop below has ended.
            let _ = sender.send(());
        }
    })
    .map_err(|e| failed(&e))?;
    for folder in watched(ws) {
        watcher.watch(&folder, RecursiveMode::Recursive).map_err(|e| failed(&e))?;
    }
    loop {
        interrupt::check()?;
        match changes.recv_timeout(SETTLE) {
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Err(failed(&"the watch on the sources ended")),
            Ok(()) => while changes.recv_timeout(SETTLE).is_ok() {},
        }
        match ws.course().and_then(|course| super::build(ws, &course, options)) {
            Ok(_) => {
                build.fetch_add(1, Ordering::SeqCst);
            }
            // The last good book stays; the author mends the page and saves again.
            Err(failure) => trouble(&failure),
        }
    }
}

/// Where pages come from. Build products are not among them.
fn watched(ws: &Workspace) -> BTreeSet<PathBuf> {
    let folders = ["book", "weeks", "evidence", "harness/lab/theme"];
    let all = folders.iter().flat_map(|f| [ws.root.join(f), ws.reference.join(f)]);
    all.filter(|folder| folder.is_dir()).collect()
}

fn accept(listener: &TcpListener, dest: &Path, build: &Arc<AtomicU64>) {
    let readers = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming().flatten() {
        if readers.fetch_add(1, Ordering::SeqCst) >= READERS_MAX {
            readers.fetch_sub(1, Ordering::SeqCst);
            let _ = respond(&stream, "503 Service Unavailable", "text/plain", b"busy", "");
            continue;
        }
        let (readers, dest, build) = (Arc::clone(&readers), dest.to_path_buf(), Arc::clone(build));
        std::thread::spawn(move || {
            let _ = answer(&stream, &dest, build.load(Ordering::SeqCst));
            readers.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

fn answer(stream: &TcpStream, dest: &Path, build: u64) -> std::io::Result<()> {
    stream.set_read_timeout(Some(REQUEST_DEADLINE))?;
    stream.set_write_timeout(Some(REQUEST_DEADLINE))?;
    let mut request = BufReader::new(stream.take(REQUEST_BYTES_MAX));
    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    // The rest of the request says nothing that we need, but must be read before the answer.
    let mut line = String::new();
    while request.read_line(&mut line)? > 2 {
        line.clear();
    }
    if method != "GET" && method != "HEAD" {
        return respond(
            stream,
            "405 Method Not Allowed",
            "text/plain",
            b"reading only",
            "Allow: GET, HEAD\r\n",
        );
    }
    if target == VERSION_PATH {
        return respond(stream, "200 OK", "text/plain", build.to_string().as_bytes(), "");
    }
    let Some(path) = file_of(dest, target) else {
        return respond(stream, "404 Not Found", "text/plain", b"no such page", "");
    };
    let mut bytes = std::fs::read(&path)?;
    let kind = media_type(&path);
    if kind.starts_with("text/html") {
        bytes.extend_from_slice(reload(build).as_bytes());
    }
    if method == "HEAD" {
        bytes.clear();
    }
    respond(stream, "200 OK", kind, &bytes, "")
}

/// The file that a request names: inside the book, never above it.
fn file_of(dest: &Path, target: &str) -> Option<PathBuf> {
    let target = target.split(['?', '#']).next()?.strip_prefix('/')?;
    let target = target.replace("%20", " ");
    let below = Path::new(&target);
    if below.components().any(|part| !matches!(part, Component::Normal(_))) {
        return None;
    }
    let path = dest.join(below);
    let path = if path.is_dir() { path.join("index.html") } else { path };
    path.is_file().then_some(path)
}

fn respond(mut stream: &TcpStream, status: &str, kind: &str, body: &[u8], more: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n{more}\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    stream.flush()
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|e| e.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// Makes an open page show the next build by itself.
fn reload(build: u64) -> String {
    format!(
        "<script>setInterval(async () => {{ try {{ const r = await fetch('{VERSION_PATH}'); \
         if (r.ok && await r.text() !== '{build}') location.reload(); }} catch (e) {{}} }}, 1000);</script>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(dest: &Path, request: &str) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let dest = dest.to_path_buf();
        std::thread::spawn(move || accept(&listener, &dest, &Arc::new(AtomicU64::new(7))));
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(format!("{request}\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    #[test]
    fn serves_a_page_and_lets_it_follow_the_next_build() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("index.html"), "<p>hello").unwrap();
        let reply = ask(dir.path(), "GET / HTTP/1.1");
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html"), "{reply}");
        assert!(reply.contains("<p>hello<script>") && reply.contains("!== '7'"), "{reply}");
        assert!(ask(dir.path(), "GET /.build HTTP/1.1").ends_with("\r\n\r\n7"));
    }

    #[test]
    fn nothing_outside_of_the_book_is_served_and_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("book")).unwrap();
        std::fs::write(dir.path().join("secret"), "x").unwrap();
        let book = dir.path().join("book");
        for target in ["/../secret", "//etc/hostname", "/nothing.html", "secret"] {
            let reply = ask(&book, &format!("GET {target} HTTP/1.1"));
            assert!(reply.starts_with("HTTP/1.1 404"), "{target}: {reply}");
        }
        assert!(ask(&book, "POST / HTTP/1.1").starts_with("HTTP/1.1 405"));
    }
}
