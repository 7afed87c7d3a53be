//! A server with its health beside it: the loop of week 4, with one listener or with two.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use epoll_http::health::{Beside, Health, SelfCheck, Tally};
use epoll_http::{Epoll, Wheel};
use event_loop::tool::{ServeArgs, ServeError, serve};
use event_loop::{EventLoop, Service, Waker};
use framing::any_seed;
use framing::server::{listen, write_port_file};
use logger::Logging;

/// The arguments of a health endpoint; add them with `#[command(flatten)]`.
#[derive(Debug, Clone, clap::Args)]
pub struct HealthArgs {
    /// Where to answer /health and /ready over HTTP; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub health: Option<SocketAddr>,
    /// Also write that address into this file, before the other one's
    #[arg(long, value_name = "PATH", requires = "health")]
    pub health_port_file: Option<PathBuf>,
}

impl HealthArgs {
    /// Runs `service` on the loop of week 4 until a signal ends it, with a health endpoint beside it if one is asked for.
    /// The loop's waker goes to `hang_bell` before the first turn, for a mailbox whose bell it is.
    ///
    /// # Errors
    /// [`ServeError`], as [`serve`].
    pub fn serve<S: Service>(
        &self,
        args: &ServeArgs,
        logging: &Logging,
        service: S,
        hang_bell: impl FnOnce(Waker),
    ) -> Result<(), ServeError> {
        let now = Instant::now();
        let Some(address) = self.health else {
            return serve::<Epoll, _, _>(args, Wheel::new(now), service, |event_loop| {
                hang_bell(event_loop.waker());
                Ok(())
            });
        };
        let check = SelfCheck::new(now, args.connections, Some(logging.probe()));
        let health = Health::new(Tally::new(now), check, args.deadlines(), any_seed());
        serve::<Epoll, _, _>(args, Wheel::new(now), Beside::new(service, health), |event_loop| {
            hang_bell(event_loop.waker());
            self.listen(event_loop, address)
        })
    }

    fn listen<S: Service>(
        &self,
        event_loop: &mut EventLoop<Epoll, Wheel, S>,
        address: SocketAddr,
    ) -> Result<(), ServeError> {
        let (listener, address) = listen(address)?;
        event_loop
            .listen(listener)
            .map_err(|source| ServeError::System { doing: "watching the health listener", source })?;
        tracing::info!(result = "ok", "health on {address}");
        match &self.health_port_file {
            Some(path) => Ok(write_port_file(path, address)?),
            None => Ok(()),
        }
    }
}
