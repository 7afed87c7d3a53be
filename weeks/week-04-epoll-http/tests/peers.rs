//! Claim: the client talks to servers that we did not write, and what it gets is what they serve.
//!
//! `python3 -m http.server` and nginx, each in a folder of its own on a port of its own, killed at the end. Where one of
//! them is not installed, its test says so and ends: nothing is installed by a test.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod tool;

use std::fmt::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use epoll_http::client::{Answer, Client, Config};
use epoll_http::http::{BodyLength, Method, Request};
use faults::process::{Launch, Process, Stream};
use framing::rng::SplitMix64;
use tool::{DEADLINE, assert_exit, http_get, records};

/// Bytes of the file that is served: many reads, and no multiple of anything.
const FILE_BYTES: usize = 300_007;

/// A file in which a lost, doubled or swapped piece would show.
fn write_file(dir: &Path) -> Vec<u8> {
    let mut rng = SplitMix64::new(4);
    let mut bytes: Vec<u8> = (0..FILE_BYTES.div_ceil(8)).flat_map(|_| rng.next_u64().to_le_bytes()).collect();
    bytes.truncate(FILE_BYTES);
    std::fs::write(dir.join("file.bin"), &bytes).unwrap();
    bytes
}

fn fetch(client: &mut Client, method: Method, url: &str) -> Answer {
    let request = Request::new(method, url.parse().unwrap(), "peers".parse().unwrap());
    client.fetch(&request).unwrap_or_else(|gave_up| panic!("{method:?} {url}: {gave_up:?}")).value
}

/// What every file server has to do: the file, its head, something that is not there, and the file again.
fn check_file_server(server: SocketAddr, file: &[u8]) {
    let url = |target: &str| format!("http://{server}{target}");
    let mut client = Client::new(Config::default());
    let got = fetch(&mut client, Method::Get, &url("/file.bin"));
    assert_eq!(
        (got.response.head.status, got.response.length),
        (200, BodyLength::Exactly(FILE_BYTES as u64))
    );
    assert!(got.response.body == file, "the body is the file");

    let head = fetch(&mut client, Method::Head, &url("/file.bin"));
    let length = head.response.head.fields.get("content-length").map(<[u8]>::to_vec);
    assert_eq!((head.response.head.status, length), (200, Some(FILE_BYTES.to_string().into_bytes())));
    assert!(head.reused && head.response.body.is_empty(), "the answer to HEAD ends with its head");

    assert_eq!(fetch(&mut client, Method::Get, &url("/missing")).response.head.status, 404);
    let again = fetch(&mut client, Method::Get, &url("/file.bin"));
    assert!(again.response.body == file, "and nothing of the answers before is in this one");

    // And the tool, by name.
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("get.jsonl");
    let named = format!("http://localhost:{}/missing", server.port());
    assert_exit(&http_get(&named, &log, &["--request-id", "not-there"]), 1);
    let record = records(&log).remove(0);
    assert_eq!((record.id(), record.result(), record.code()), ("not-there", "status", "HTTP-STATUS"));
}

#[test]
fn pythons_file_server_is_understood() {
    let dir = tempfile::tempdir().unwrap();
    let file = write_file(dir.path());
    // Unbuffered, so that the line with the port comes when it is written.
    let args = ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--protocol", "HTTP/1.1"];
    let launch = Launch::of("python3").args(args).dir(dir.path());
    let Ok(python) = launch.spawn() else {
        eprintln!("python3 is not installed: nothing was proved here");
        return;
    };
    let said = |line: &str| line.starts_with("Serving HTTP on ");
    let line = match python.wait_for_line(Stream::Stdout, said, DEADLINE) {
        Ok(line) => line,
        Err(_) if String::from_utf8_lossy(&python.said(Stream::Stderr)).contains("--protocol") => {
            eprintln!("this python3 does not know --protocol: nothing was proved here");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let port = line.split(" port ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    check_file_server(SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())), &file);
}

#[test]
fn nginx_is_understood_and_so_are_its_chunks() {
    let dir = tempfile::tempdir().unwrap();
    let file = write_file(dir.path());
    let Some((_nginx, server)) = start_nginx(dir.path()) else {
        eprintln!("nginx is not installed: nothing was proved here");
        return;
    };
    check_file_server(server, &file);
    // A page that it puts together has no length that is known before, so it comes in chunks.
    let listing = fetch(&mut Client::new(Config::default()), Method::Get, &format!("http://{server}/list/"));
    assert_eq!((listing.response.head.status, listing.response.length), (200, BodyLength::Chunked));
    assert!(String::from_utf8_lossy(&listing.response.body).contains("inside.txt"));
}

/// Starts nginx as a plain child; `None` where there is none.
fn start_nginx(dir: &Path) -> Option<(Process, SocketAddr)> {
    std::fs::create_dir(dir.join("list")).unwrap();
    std::fs::write(dir.join("list/inside.txt"), "x").unwrap();
    // The kernel's choice, given back at once: nginx cannot say which port it got.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let root = dir.display();
    let mut config = String::new();
    write!(
        config,
        "daemon off; master_process off; worker_processes 1; pid {root}/nginx.pid; error_log stderr;\n\
         events {{ worker_connections 64; }}\n\
         http {{ access_log off; client_body_temp_path {root}/t1; proxy_temp_path {root}/t2;\n\
         fastcgi_temp_path {root}/t3; uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;\n\
         server {{ listen {address}; root {root}; location /list/ {{ autoindex on; }} }} }}\n"
    )
    .unwrap();
    std::fs::write(dir.join("nginx.conf"), config).unwrap();
    let programs = ["nginx", "/usr/sbin/nginx"];
    let nginx = programs.iter().find_map(|program| {
        Launch::of(program).arg("-p").arg(dir).arg("-c").arg(dir.join("nginx.conf")).spawn().ok()
    })?;
    let until = Instant::now() + DEADLINE;
    while TcpStream::connect(address).is_err() {
        let said = String::from_utf8_lossy(&nginx.said(Stream::Stderr)).into_owned();
        assert!(nginx.is_running() && Instant::now() < until, "nginx does not listen: {said}");
        std::thread::sleep(Duration::from_millis(5));
    }
    Some((nginx, address))
}
