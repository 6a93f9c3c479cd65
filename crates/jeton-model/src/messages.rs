//! What a client says of a session: W8, W9. What follows for windows, holds and idle time is the model's.

use crate::access::{Ask, Way};
use crate::model::{By, Fact, MINUTE, Model, Stretch};
use crate::scan::{otherwise, those};
use crate::{Answer, At, Id, Refusal, Use};

impl<'a> Model<'a> {
    /// W4, W8: a beat, or a close by the client or an admin.
    pub(crate) fn message(&mut self, id: Id, activity: Option<At>, close: Option<bool>) -> Result<Answer, Refusal> {
        let Some((_, Stretch { of, to, ended, .. })) = self.session(id) else { return Err(Refusal::Unknown) };
        if ended == Some(true) && close.is_none() {
            otherwise(Refusal::SessionEnded, self.now <= to + 240 * MINUTE)?;
            self.revive(of)?;
        } else if ended.is_some() {
            return Ok(self.seen(id));
        }
        if close != Some(false) {
            let opened = those!(self.stretches().into_iter(), stretch if stretch.of.id == id => stretch.from).next();
            if let Some(at) = activity {
                self.note(Fact::Active(of, at.clamp(opened.unwrap_or(self.now), self.now)));
            }
            self.prove(id);
            self.renew(of, close.is_some());
        }
        if close.is_some() {
            self.end(id, false);
        }
        Ok(self.seen(id))
    }

    /// W8: a lost session is taken in by a seat or window that runs, or opened anew.
    fn revive(&mut self, of: &'a Use) -> Result<(), Refusal> {
        let seat = self.seat(of, self.now).map(By::Seat);
        let way = if let Some(by) = seat.or_else(|| self.window_past(of, self.now).map(By::Window)) {
            self.devices(of)?;
            Way::Free(by)
        } else {
            self.decide(of, self.now, Ask::Opening)?
        };
        self.begin(of, self.now, way, false);
        Ok(())
    }
}
