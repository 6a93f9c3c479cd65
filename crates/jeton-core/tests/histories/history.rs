//! Random histories of one team: what happens, and when, as far as it can be said beforehand.
//!
//! Half of the instants are told as *near*: within a microsecond, a second or a minute of a boundary (the end of a
//! window, of an undo interval, of a silence, of a seat, of a lot …). Which instant that is is found on the walk.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// A history: how it begins, and what happens.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) setup: Setup,
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) zone: &'static str,
    pub(crate) begins_at: &'static str,
    pub(crate) members: u32,
    pub(crate) products: Vec<Product>,
    /// Whether everybody may have everything from the start.
    pub(crate) open_to_all: bool,
    /// Quantity, and whether the invoice is paid.
    pub(crate) orders: Vec<(u64, bool)>,
    pub(crate) beginning: Beginning,
}

/// Where the steps begin after the orders were placed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Beginning {
    AtOnce,
    /// Two days before the first lot ends.
    NearLotEnd,
    /// A day before an invoice is overdue.
    NearOverdue,
}

#[derive(Debug, Clone)]
pub(crate) struct Product {
    pub(crate) undo_s: u32,
    pub(crate) per_day: Option<&'static str>,
    pub(crate) min_balance: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) when: When,
    pub(crate) does: Does,
    /// Where between the last step and this one the server is woken without need, of 65,536.
    pub(crate) woken: Vec<u16>,
}

/// An instant, told from the last.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    /// So many microseconds later.
    In(u32),
    /// So many seconds later.
    InSeconds(u32),
    /// So many microseconds beside one of the next boundaries.
    Near(usize, i64),
    /// So many microseconds beside any boundary.
    Far(usize, i64),
}

#[derive(Debug, Clone)]
pub(crate) enum Does {
    Open {
        member: u32,
        product: usize,
        device: u64,
        project: Option<&'static str>,
    },
    OpenAgain {
        session: usize,
    },
    /// Perhaps a new lease is asked for.
    Beat {
        session: usize,
        lease: bool,
    },
    Close {
        session: usize,
        admin: bool,
    },
    /// Beats of one session, or of all, up to the instant of the step, which then proves use, closes, or is silent.
    Work {
        session: Option<usize>,
        often: bool,
        then: Then,
    },
    /// The server is away until the instant of the step.
    Down,
    SetSeat {
        member: u32,
        product: usize,
        start: Start,
        length_s: u32,
    },
    /// Of whoever has this session.
    SetSeatOf {
        session: usize,
        start: Start,
        length_s: u32,
    },
    RemoveSeat {
        member: u32,
        product: usize,
    },
    MoveSeat {
        from: u32,
        to: u32,
        product: usize,
    },
    Assign {
        member: u32,
        products: Option<u8>,
    },
    Unassign {
        member: u32,
    },
    Deactivate {
        member: u32,
    },
    Erase {
        member: u32,
    },
    SetMember {
        member: u32,
        primary_admin: bool,
    },
    DefaultAccess {
        products: DefaultTo,
    },
    Block {
        products: u8,
    },
    Order {
        quantity: u64,
        card: bool,
    },
    OrderAgain {
        order: usize,
    },
    Pay {
        order: usize,
    },
    /// Without tokens a day, results are offered from the start on.
    SetRate {
        product: usize,
        per_day: Option<&'static str>,
        start: Start,
    },
    RemoveRate {
        product: usize,
        rate: usize,
    },
    Quote {
        member: u32,
        product: usize,
    },
    Settle,
}

/// What everybody may have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DefaultTo {
    Nothing,
    Everything,
    Some(u8),
}

/// What follows upon beats.
#[derive(Debug, Clone)]
pub(crate) enum Then {
    Beat,
    Close,
    Silence,
    /// The same product is opened by the same member elsewhere, and only then the first is heard of again.
    OpenBeside,
    /// Something else is done, and only then the first is heard of again.
    Meanwhile(Box<Does>),
}

/// Where something starts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start {
    Ago(u32),
    At(When),
}

/// Histories of up to `steps` steps.
pub(crate) fn histories(steps: usize) -> impl Strategy<Value = History> {
    (setup(), vec(step(), steps / 4..steps)).prop_map(|(setup, steps)| History { setup, steps })
}

fn setup() -> impl Strategy<Value = Setup> {
    let product = (select(&[0_u32, 60, 300][..]), option::weighted(0.9, rate()), select(&[0_u64, 0, 1][..]))
        .prop_map(|(undo_s, per_day, min_balance)| Product { undo_s, per_day, min_balance });
    let beginning = prop_oneof![
        4 => Just(Beginning::AtOnce),
        2 => Just(Beginning::NearLotEnd),
        1 => Just(Beginning::NearOverdue)
    ];
    (
        select(&["UTC", "Europe/Paris", "America/New_York", "Pacific/Kiritimati"][..]),
        select(&["2026-03-02T09:00:00Z", "2026-03-27T20:00:00Z", "2027-12-30T22:00:00Z", "2028-02-28T23:30:00Z"][..]),
        2_u32..=4,
        vec(product, 2..=3),
        prop::bool::weighted(0.9),
        vec((1_u64..=25, prop::bool::weighted(0.8)), 0..=5),
        beginning,
    )
        .prop_map(|(zone, begins_at, members, products, open_to_all, orders, beginning)| Setup {
            zone,
            begins_at,
            members,
            products,
            open_to_all,
            orders,
            beginning,
        })
}

fn step() -> impl Strategy<Value = Step> {
    (when(), does(), vec(any::<u16>(), 0..3)).prop_map(|(when, does, woken)| Step { when, does, woken })
}

fn when() -> impl Strategy<Value = When> {
    let next = prop_oneof![4 => Just(0_usize), 3 => Just(1), 2 => Just(2), 2 => 3_usize..8];
    prop_oneof![
        24 => (next, beside()).prop_map(|(which, beside)| When::Near(which, beside)),
        1 => (0_usize..64, beside()).prop_map(|(which, beside)| When::Far(which, beside)),
        10 => (0_u32..180_000_000).prop_map(When::In),
        4 => Just(When::In(0)),
        6 => (0_u32..600).prop_map(When::InSeconds),
        1 => (0_u32..100_000).prop_map(When::InSeconds),
    ]
}

/// Within a microsecond, a second or a minute.
fn beside() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => Just(0_i64),
        4 => select(&[-1_i64, 1][..]),
        2 => select(&[-1_000_000_i64, 1_000_000][..]),
        2 => select(&[-60_000_000_i64, 60_000_000][..]),
        1 => -1_000_000_i64..=1_000_000,
        1 => -60_000_000_i64..=60_000_000,
    ]
}

fn rate() -> impl Strategy<Value = &'static str> {
    select(&["0", "0.5", "1", "2", "7"][..])
}

fn start() -> impl Strategy<Value = Start> {
    prop_oneof![2 => (0_u32..100_000).prop_map(Start::Ago), 3 => when().prop_map(Start::At)]
}

/// Mostly the same few, so that what they do meets; seldom one whom nobody knows.
fn member() -> impl Strategy<Value = u32> + Clone {
    prop_oneof![20 => Just(0_u32), 8 => Just(1), 4 => 2_u32..4, 1 => Just(100)]
}

fn product() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![20 => Just(0_usize), 8 => Just(1), 4 => Just(2), 1 => Just(100)]
}

fn does() -> impl Strategy<Value = Does> {
    let index = || 0_usize..64;
    let then = prop_oneof![
        4 => Just(Then::Beat),
        2 => Just(Then::Close),
        1 => Just(Then::Silence),
        3 => Just(Then::OpenBeside),
        4 => in_office().prop_map(|does| Then::Meanwhile(Box::new(does))),
    ];
    let at_work = prop_oneof![
        18 => (member(), product(), 0_u64..5, select(&[None, Some("bridge"), Some("tower")][..]))
            .prop_map(|(member, product, device, project)| Does::Open { member, product, device, project }),
        1 => index().prop_map(|session| Does::OpenAgain { session }),
        8 => (index(), prop::bool::weighted(0.2)).prop_map(|(session, lease)| Does::Beat { session, lease }),
        4 => (index(), prop::bool::weighted(0.3)).prop_map(|(session, admin)| Does::Close { session, admin }),
        14 => (option::of(index()), prop::bool::weighted(0.2), then)
            .prop_map(|(session, often, then)| Does::Work { session, often, then }),
        3 => Just(Does::Down),
        1 => (member(), product()).prop_map(|(member, product)| Does::Quote { member, product }),
        1 => Just(Does::Settle),
    ];
    prop_oneof![4 => at_work, 1 => in_office()]
}

/// What an admin or the vendor does.
fn in_office() -> impl Strategy<Value = Does> {
    let index = || 0_usize..64;
    let length = prop_oneof![2 => 0_u32..200_000, 1 => Just(86_400_u32), 2 => 0_u32..900];
    prop_oneof![
        6 => (member(), product(), start(), length.clone())
            .prop_map(|(member, product, start, length_s)| Does::SetSeat { member, product, start, length_s }),
        8 => (index(), start(), length)
            .prop_map(|(session, start, length_s)| Does::SetSeatOf { session, start, length_s }),
        3 => (member(), product()).prop_map(|(member, product)| Does::RemoveSeat { member, product }),
        2 => (member(), member(), product()).prop_map(|(from, to, product)| Does::MoveSeat { from, to, product }),
        3 => (member(), option::weighted(0.6, any::<u8>()))
            .prop_map(|(member, products)| Does::Assign { member, products }),
        1 => member().prop_map(|member| Does::Unassign { member }),
        1 => member().prop_map(|member| Does::Deactivate { member }),
        1 => member().prop_map(|member| Does::Erase { member }),
        3 => (0_u32..3, any::<bool>()).prop_map(|(member, primary_admin)| Does::SetMember { member, primary_admin }),
        1 => Just(Does::DefaultAccess { products: DefaultTo::Nothing }),
        2 => Just(Does::DefaultAccess { products: DefaultTo::Everything }),
        1 => any::<u8>().prop_map(|products| Does::DefaultAccess { products: DefaultTo::Some(products) }),
        3 => select(&[0_u8, 0, 0, 1, 2, 5][..]).prop_map(|products| Does::Block { products }),
        6 => (1_u64..=25, prop::bool::weighted(0.3)).prop_map(|(quantity, card)| Does::Order { quantity, card }),
        1 => index().prop_map(|order| Does::OrderAgain { order }),
        6 => index().prop_map(|order| Does::Pay { order }),
        4 => (0_usize..3, option::weighted(0.8, rate()), start())
            .prop_map(|(product, per_day, start)| Does::SetRate { product, per_day, start }),
        1 => (0_usize..3, index()).prop_map(|(product, rate)| Does::RemoveRate { product, rate }),
    ]
}
