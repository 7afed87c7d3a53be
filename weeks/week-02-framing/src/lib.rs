//! placeholder
pub mod arguments;
pub mod catalog;
pub mod client;
mod close;
mod deadline;
mod decoder;
mod fault;
pub mod header;
mod limit;
pub mod message;
mod outgoing;
mod request_id;
pub mod retry;
pub mod rng;
pub mod server;
pub mod stream;
pub mod wait;

pub use close::CloseReason;
pub use deadline::{Deadlines, Timeout, Watch};
pub use decoder::{Decoder, READ_BUFFER_BYTES, State};
pub use fault::FrameError;
pub use limit::{FrameLimit, HEADER_BYTES, PAYLOAD_BYTES_MAX_DEFAULT, PAYLOAD_BYTES_MAX_HARD};
pub use message::{Message, MessageError};
pub use outgoing::Outgoing;
pub use request_id::{REQUEST_ID_BYTES_MAX, RequestId, RequestIds};
