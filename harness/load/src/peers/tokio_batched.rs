//! Tokio with the batching that one adds when the plain loop is too slow: read what is there, answer all whole frames of
//! it with one write.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Decoder, Encoder, LengthDelimitedCodec};

use super::FRAME_BYTES_MAX;

/// Room for a read, kept free in the buffer.
const READ_BYTES: usize = 64 << 10;

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

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut codec = LengthDelimitedCodec::builder().max_frame_length(FRAME_BYTES_MAX).new_codec();
    let (mut incoming, mut replies) =
        (BytesMut::with_capacity(READ_BYTES), BytesMut::with_capacity(READ_BYTES));
    loop {
        incoming.reserve(READ_BYTES);
        if stream.read_buf(&mut incoming).await? == 0 {
            return Ok(());
        }
        while let Some(frame) = codec.decode(&mut incoming)? {
            codec.encode(frame.freeze(), &mut replies)?;
        }
        stream.write_all(&replies).await?;
        replies.clear();
    }
}
