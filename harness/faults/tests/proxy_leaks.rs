//! A proxy that is dropped while it is busy leaves nothing behind. One test in this file, because it counts the
//! descriptors and threads of its own process.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use faults::counters::{fds_of, threads_of};
use faults::proxy::{Direction, Proxy, Toxic};

#[test]
fn dropping_a_busy_proxy_leaks_no_thread_and_no_descriptor() {
    let me = std::process::id();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let (fds, threads) = (fds_of(me).unwrap(), threads_of(me).unwrap());
    // The listing itself holds one descriptor more, the folder that is being read.
    assert_eq!(fds, std::fs::read_dir("/proc/self/fd").unwrap().count() as u64 - 1);
    for round in 0..20_u32 {
        let proxy = Proxy::to(server).start().unwrap();
        proxy.add(Direction::Upstream, Toxic::Bandwidth { bytes_per_second: 1000 });
        proxy.add(Direction::Downstream, Toxic::Blackhole);
        let mut clients: Vec<_> = (0..10).map(|_| TcpStream::connect(proxy.address()).unwrap()).collect();
        for client in &mut clients {
            client.write_all(&[1; 10_000]).unwrap();
        }
        let accepted: Vec<_> = (0..10).map(|_| listener.accept().unwrap().0).collect();
        proxy.wait_for("traffic", Duration::from_secs(30), |c| c.upstream.throttled >= 10).unwrap();
        assert!(fds_of(me).unwrap() >= fds + 40, "the proxy really holds 20 sockets beside our 20");
        drop(proxy);
        for client in &mut clients {
            client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            assert!(client.read(&mut [0]).is_err(), "round {round}: a client was not told");
        }
        drop((clients, accepted));
    }
    assert_eq!(fds_of(me).unwrap(), fds);
    // A joined thread is out of the kernel's list a moment after it was joined.
    let until = Instant::now() + Duration::from_secs(30);
    while threads_of(me).unwrap() > threads {
        assert!(Instant::now() < until, "a thread is left");
        std::thread::yield_now();
    }
}
