//! What goes wrong around the server: a clear sentence, the right status, nothing lost, and it goes on when the cause
//! has gone.
//!
//! Two of these need the rights to mount a small file system (root), one Debian's `libfaketime`.

mod clock;
mod connections;
mod disk;
mod folder;

pub(crate) use self::disk::Disk;
