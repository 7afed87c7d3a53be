//! The same codec and the same stream of frames, with the batching that one adds when the plain loop is too slow: what is
//! here already is answered before anything is sent.

use std::io;

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use super::FRAME_BYTES_MAX;

/// Replies are collected up to this many bytes before they are sent in any case; the default of 8 KiB would send every
/// other frame of 4 KiB.
const BATCH_BYTES: usize = 64 << 10;

pub(super) fn serve(listener: std::net::TcpListener) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(echo(stream));
        }
    })
}

async fn echo(stream: TcpStream) -> io::Result<()> {
    let codec = LengthDelimitedCodec::builder().max_frame_length(FRAME_BYTES_MAX).new_codec();
    let mut framed = Framed::with_capacity(stream, codec, BATCH_BYTES);
    framed.set_backpressure_boundary(BATCH_BYTES);
    while let Some(frame) = framed.next().await {
        framed.feed(frame?.freeze()).await?;
        while let Some(Some(frame)) = framed.next().now_or_never() {
            framed.feed(frame?.freeze()).await?;
        }
        SinkExt::<Bytes>::flush(&mut framed).await?;
    }
    Ok(())
}
