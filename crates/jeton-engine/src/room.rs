//! Room on the disk: two marks, so that it is not the disk that says when it is enough.
//!
//! What always holds: below the lower mark nothing new is begun: no opening, job, order or configuration. What is open
//! goes on and can end, what is due is done, keys can be revoked, checkpoints are signed, and the server can stop: for
//! that the rest of the room is kept. A disk that is full all the same is the writer's affair.

use std::time::Duration;

use jeton_core::catalogue::VendorCommand;
use jeton_core::decision::TeamCommand;
use tracing::{error, info, warn};

use crate::message::{Message, NotNow, Reply};
use crate::writer::{Answer, OneWriter};

/// How often the disk is asked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Bytes of room; 0: no mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskMarks {
    /// Below it the log warns.
    pub warn: u64,
    /// Below it nothing new is begun.
    pub refuse: u64,
}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Room {
    #[default]
    Enough,
    Little,
    TooLittle,
}

impl DiskMarks {
    fn room(self, free: u64) -> Room {
        if free < self.refuse {
            Room::TooLittle
        } else if free < self.warn {
            Room::Little
        } else {
            Room::Enough
        }
    }
}

impl OneWriter {
    /// Asks the disk, when it is time to, and says it when it has changed.
    pub(crate) fn look_at_room(&mut self) {
        let steady = self.clock.steady();
        if self.timers.room.is_some_and(|last| steady.saturating_sub(last) < LOOK_EVERY) {
            return;
        }
        self.timers.room = Some(steady);
        let Some(free) = self.store.free() else { return };
        let free_mb = free >> 20;
        metrics::gauge!("jeton_disk_free_mb").set(u32::try_from(free_mb).unwrap_or(u32::MAX));
        let room = self.marks.room(free);
        if room == self.room {
            return;
        }
        match room {
            Room::Enough => info!(free_mb, "there is room on the disk again"),
            Room::Little => {
                warn!(free_mb, refused_below_mb = self.marks.refuse >> 20, "there is little room on the disk");
            }
            Room::TooLittle => error!(free_mb, "there is too little room on the disk; nothing new is begun"),
        }
        self.room = room;
    }

    /// The message, to be decided; or its answer, that there is too little room for what it begins.
    pub(crate) fn if_there_is_room(&self, message: Message) -> Result<Message, Answer> {
        if self.room < Room::TooLittle {
            return Ok(message);
        }
        match message {
            Message::Team(ask, reply) if begins_something(&ask.command) => Err(refused(reply)),
            Message::Vendor { command, reply, .. } if !matches!(command, VendorCommand::Note(_)) => Err(refused(reply)),
            Message::Erase(_, reply) => Err(refused(reply)),
            Message::MoveClock { reply, .. } => Err(refused(reply)),
            Message::Team(..)
            | Message::Deactivate(..)
            | Message::WalkTo(_)
            | Message::Vendor { .. }
            | Message::Session(..)
            | Message::Job(..)
            | Message::Read(_)
            | Message::AcceptClock { .. }
            | Message::Checkpoint(_)
            | Message::Stop(_) => Ok(message),
        }
    }
}

fn refused<T: Send + 'static>(reply: Reply<T>) -> Answer {
    Box::new(move |_| _ = reply.send(Err(NotNow::LittleRoom)))
}

fn begins_something(command: &TeamCommand) -> bool {
    match command {
        TeamCommand::QuoteSession { .. }
        | TeamCommand::QuoteJob(_)
        | TeamCommand::Beat { .. }
        | TeamCommand::CloseSession { .. }
        | TeamCommand::CommitJob { .. }
        | TeamCommand::ExtendJob { .. }
        | TeamCommand::ReleaseJob { .. }
        | TeamCommand::DeactivateMember { .. }
        | TeamCommand::RemoveAssignment { .. }
        | TeamCommand::RecordPayment { .. }
        | TeamCommand::Settle => false,
        TeamCommand::SetTeam { .. }
        | TeamCommand::SetMember { .. }
        | TeamCommand::EraseMember { .. }
        | TeamCommand::SetAssignment { .. }
        | TeamCommand::SetSeat { .. }
        | TeamCommand::RemoveSeat { .. }
        | TeamCommand::ReassignSeat { .. }
        | TeamCommand::SetDefaultAccess { .. }
        | TeamCommand::SetBlockedProducts { .. }
        | TeamCommand::SetGroup { .. }
        | TeamCommand::RemoveGroup { .. }
        | TeamCommand::SetCap { .. }
        | TeamCommand::RemoveCap { .. }
        | TeamCommand::SetRequiredTags { .. }
        | TeamCommand::SetPlan { .. }
        | TeamCommand::SetAgreement { .. }
        | TeamCommand::RemoveAgreement { .. }
        | TeamCommand::GrantCredits { .. }
        | TeamCommand::PlaceOrder { .. }
        | TeamCommand::OpenSession(_)
        | TeamCommand::HoldJob { .. } => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_a_mark_is_room_enough() {
        let marks = DiskMarks { warn: 100, refuse: 10 };
        for (free, room) in
            [(100, Room::Enough), (99, Room::Little), (10, Room::Little), (9, Room::TooLittle), (0, Room::TooLittle)]
        {
            assert_eq!(marks.room(free), room, "{free}");
        }
        assert_eq!(DiskMarks::default().room(0), Room::Enough, "without marks it is never said");
    }
}
