//! Who may have what, and at which rate: C, P9, A, L2.

use crate::model::{By, Fact, Model};
use crate::scan::{last, last_of_each, otherwise, same, those};
use crate::{Access, At, Charge, Id, Offer, Refusal, Tokens, Use, What};

/// What A3 is asked for: of an opening now, or of a renewal or return from idleness at an instant before now.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Ask {
    Quote,
    Opening,
    Renewal,
    Return,
}

/// What A3 answers, if it does not refuse.
pub(crate) enum Way {
    Free(By),
    Pay(Charge),
}

/// A seat as it became: when it was set, from when to when it was in force, and whether it took the place of one that
/// ran.
struct Seat {
    set: At,
    starts: At,
    ends: At,
    follows: bool,
}

impl<'a> Model<'a> {
    /// A2: the seats of a product that a member ever had.
    fn seats(&self, of: &Use) -> Vec<Seat> {
        let of = (of.member, of.product);
        let mut seats: Vec<Seat> = Vec::new();
        let said = those!(self.facts.iter(), (at, fact @ (Fact::Seat(whose, ..) | Fact::NoSeat(whose)))
            if *whose == of => (*at, fact));
        for (at, fact) in said {
            let runs = |seat: &Seat| seat.starts <= at && at < seat.ends;
            let running = seats.last().is_some_and(runs);
            if let Some(before) = seats.last_mut() {
                before.ends = before.ends.min(at);
            }
            if let Fact::Seat(_, starts, ends) = fact {
                let seat = Seat { set: at, starts: *starts, ends: *ends, follows: false };
                seats.push(Seat { follows: running && runs(&seat), ..seat });
            }
        }
        seats
    }

    /// The place of the seat that is in force as of an instant.
    pub(crate) fn seat(&self, of: &Use, at: At) -> Option<usize> {
        self.seats(of).iter().position(|seat| seat.starts <= at && at < seat.ends)
    }

    /// A2: when after an instant a seat begins, or one that was set late enters, and its place.
    pub(crate) fn seat_begins(&self, of: &Use, after: At) -> Option<(At, usize)> {
        let begins = self.seats(of).into_iter().map(|seat| (seat.starts.max(seat.set), seat.ends)).enumerate();
        those!(begins, (seat, (at, ends)) if after <= at && at < ends => (at, seat)).min()
    }

    /// A2, W4: until when a seat covers, with those that took its place while it ran.
    pub(crate) fn seat_ends(&self, of: &Use, seat: usize) -> At {
        let seats = self.seats(of);
        let followers = seats.iter().skip(seat + 1).take_while(|next| next.follows);
        followers.last().unwrap_or(&seats[seat]).ends
    }

    /// Whether a member is active.
    pub(crate) fn member(&self, id: Id) -> Result<bool, Refusal> {
        last!(self, What::Member { member, active } if *member == id => *active).ok_or(Refusal::UnknownMember)
    }

    /// Undo interval, idle time, least balance (C3, C5).
    pub(crate) fn product(&self, id: Id) -> Result<(At, Option<At>, Tokens), Refusal> {
        let said = last!(self, What::Product { product, undo, idle, min_balance } if *product == id
            => (*undo, *idle, *min_balance));
        said.ok_or(Refusal::UnknownProduct)
    }

    /// C2, P9: of those entered and started by then the one with the latest start; agreements before the rate sheet.
    pub(crate) fn offer(&self, id: Id, at: At) -> Option<&'a Offer> {
        let entered = || self.steps().take_while(move |(entered, _)| *entered <= at);
        let agreements = last_of_each(those!(entered(), (_, What::Agreement { agreement, starts, ends, offers })
            => (*agreement, (*starts, *ends, offers))));
        let of = |offers: &'a Vec<(Id, Offer)>| those!(offers.iter(), (of, offer) if *of == id => offer).next();
        let agreed =
            those!(agreements.into_iter(), (_, (from, to, offers)) if from <= at && at < to => (from, of(offers)));
        let rates = last_of_each(those!(entered(), (_, What::Rate { product, starts, offer })
            if *product == id && *starts <= at => (*starts, offer.as_ref())));
        let latest = |offers: Vec<(At, Option<&'a Offer>)>| {
            those!(offers.into_iter(), (starts, Some(offer)) => (starts, offer)).max_by_key(|(starts, _)| *starts)
        };
        latest(agreed.collect()).or_else(|| latest(rates)).map(|(_, offer)| offer)
    }

    /// A3 (W5, I4): seat, rate and usage day as of an instant, everything else as of now.
    pub(crate) fn decide(&self, of: &Use, at: At, ask: Ask) -> Result<Way, Refusal> {
        self.active(of)?;
        if ask == Ask::Opening {
            self.devices(of)?;
        }
        if ask == Ask::Opening || ask == Ask::Return || ask == Ask::Quote && !of.tags.is_empty() {
            self.tagged(of)?;
        }
        if let Some(seat) = self.seat(of, at) {
            return Ok(Way::Free(By::Seat(seat)));
        }
        self.may(of)?;
        if let Some(window) = self.window_past(of, at) {
            return Ok(Way::Free(By::Window(window)));
        }
        let hold = self.pending(of);
        if let Some(hold) = hold.filter(|_| ask != Ask::Renewal) {
            return Ok(Way::Free(By::Hold(hold)));
        }
        let Some(Offer::Daily(rate)) = self.offer(of.product, at) else { return Err(Refusal::NotOnRateSheet) };
        self.pay(self.bill(of, *rate, at), hold).map(Way::Pay)
    }

    /// A3.1 and the first of A3.2.
    pub(crate) fn active(&self, of: &Use) -> Result<(), Refusal> {
        let active = self.member(of.member)?;
        self.product(of.product)?;
        otherwise(Refusal::MemberInactive, active)
    }

    /// W3.
    pub(crate) fn devices(&self, of: &Use) -> Result<(), Refusal> {
        let live = self.live().filter(|(_, stretch)| same(stretch.of, of));
        let mut live: Vec<(Id, Id)> = live.map(|(_, stretch)| (stretch.of.id, stretch.of.device)).collect();
        live.sort_unstable();
        let devices = last_of_each(live.iter().map(|(_, device)| (*device, ())));
        let room = devices.len() < 3 || devices.contains(&(of.device, ()));
        otherwise(Refusal::TooManyDevices { sessions: live.iter().map(|(session, _)| *session).collect() }, room)
    }

    /// L2, T1.
    pub(crate) fn tagged(&self, of: &Use) -> Result<(), Refusal> {
        let required = last!(self, What::Require { tags } => tags).into_iter().flatten();
        let lacks = |key: &&String| !of.tags.iter().any(|(tag, value)| tag == *key && !value.is_empty());
        let missing: Vec<String> = required.filter(lacks).cloned().collect();
        let complete = missing.is_empty();
        otherwise(Refusal::TagRequired { missing }, complete)
    }

    /// A3.4 to A3.6.
    pub(crate) fn may(&self, of: &Use) -> Result<(), Refusal> {
        let own = last!(self, What::Assign { member, access } if *member == of.member => access);
        let default = last!(self, What::Default { access } => access);
        let groups = self.groups().into_iter().filter(|(_, members, _)| members.contains(&of.member));
        let carried = groups.map(|(_, _, access)| access).chain(own).chain(default);
        let accesses: Vec<&Access> = carried.flatten().collect();
        otherwise(Refusal::NotAssigned, !accesses.is_empty())?;
        let blocked = last!(self, What::Block { products } => products);
        otherwise(Refusal::ProductBlocked, !blocked.is_some_and(|products| products.contains(&of.product)))?;
        let lacks = |access: &Access| matches!(access, Access::Named(products) if !products.contains(&of.product));
        otherwise(Refusal::ProductRestricted, !accesses.iter().all(|access| lacks(access)))?;
        otherwise(Refusal::PaymentOverdue, !self.overdue())
    }

    pub(crate) fn paid(&self, id: Id) -> bool {
        last!(self, What::Pay { order, .. } if *order == id => ()).is_some()
    }

    /// P8.
    pub(crate) fn overdue(&self) -> bool {
        let mut due =
            those!(self.steps(), (_, What::Order { order, card: false, due, .. }) if *due <= self.now => *order);
        due.any(|order| !self.paid(order))
    }

    pub(crate) fn groups(&self) -> Vec<(Id, &'a Vec<Id>, &'a Option<Access>)> {
        let said =
            those!(self.steps(), (_, What::Group { group, members, access }) => (*group, (members.as_ref(), access)));
        those!(last_of_each(said).into_iter(), (group, (Some(members), access)) => (group, members, access)).collect()
    }
}
