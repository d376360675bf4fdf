//! A panic's message may quote what a person wrote: only its place is logged.

use std::panic;

pub(crate) fn install_hook() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        tracing::error!(target: "trellis", place = place.as_deref().unwrap_or("unknown"), "panic");
    }));
}
