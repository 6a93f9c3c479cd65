//! Random histories of one team: what happens, and when, as far as it can be said beforehand.
//!
//! Half of the instants are told as *near*: within a microsecond, a second or a minute of a boundary (the end of a
//! window, of an undo interval, of a silence, of a seat, of a day, of a lot …). Which instant that is is found on the
//! walk.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// A history: how it begins, and what happens.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) setup: Setup,
    pub(crate) steps: Vec<Step>,
    /// Whether years follow in which nobody does anything.
    pub(crate) quiet: bool,
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
    pub(crate) office: Vec<Does>,
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

#[derive(Debug, Clone, Copy)]
pub(crate) struct Product {
    pub(crate) undo_s: u32,
    pub(crate) offer: Offered,
    pub(crate) idle_s: Option<u32>,
    pub(crate) min_balance: u64,
}

/// What a rate offers. Results are `image` (rounded up), `video` (to the nearest) and `study` (as they are).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Offered {
    Nothing,
    Daily(&'static str),
    Results(&'static str),
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

/// What a client says of its last activity.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Activity {
    Unsaid,
    Now,
    Ago(u32),
    /// So many microseconds beside the instant from which on an activity keeps the product from being idle when the
    /// session's cover ends.
    BesideIdle(i64),
    /// So many microseconds beside the end of the session's cover.
    BesideEnd(i64),
}

#[derive(Debug, Clone)]
pub(crate) enum Does {
    Open {
        member: u32,
        product: usize,
        device: u64,
        tagged: Option<&'static str>,
    },
    OpenAgain {
        session: usize,
    },
    Beat {
        session: usize,
        activity: Activity,
    },
    Close {
        session: usize,
        activity: Activity,
        admin: bool,
    },
    /// Beats of one session, or of all, up to the instant of the step, of which the last have no activity; then a beat
    /// of each, or a close, or silence.
    Work {
        session: Option<usize>,
        often: bool,
        idle_part: u8,
        then: Then,
    },
    /// The server is away until the instant of the step.
    Down,
    Seat {
        member: u32,
        product: usize,
        start: Start,
        length_s: u32,
    },
    /// At one instant it may be set again.
    NoSeat {
        member: u32,
        product: usize,
        again: Option<(Start, u32)>,
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
    Member {
        member: u32,
        active: bool,
    },
    DefaultAccess {
        products: Granting,
    },
    Group {
        group: u32,
        members: Option<u8>,
        products: Granting,
    },
    Block {
        products: u8,
    },
    Cap {
        cap: u32,
        of: Whose,
        monthly: bool,
        /// None removes it.
        tokens: Option<&'static str>,
        hard: bool,
    },
    Require {
        tags: bool,
    },
    Order {
        quantity: u64,
        card: bool,
    },
    Pay {
        order: usize,
    },
    Rate {
        product: usize,
        offer: Offered,
        start: Start,
    },
    Agreement {
        agreement: u32,
        start: Start,
        length_s: u32,
        product: usize,
        offer: Offered,
    },
    Credits {
        member: u32,
        credits: u64,
        end: When,
    },
    Change {
        product: usize,
        undo_s: u32,
        idle_s: Option<u32>,
    },
    Quote {
        member: u32,
        product: usize,
    },
    QuoteJob(Job),
    Hold(Job),
    HoldAgain {
        job: usize,
    },
    /// `parts`: quantities of image, video and study; none: as held.
    Commit {
        job: usize,
        parts: Option<[u32; 3]>,
    },
    Extend {
        job: usize,
    },
    Release {
        job: usize,
    },
    Settle,
}

/// A job for so many thousandths of image, video and study.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    pub(crate) member: u32,
    pub(crate) product: usize,
    pub(crate) parts: [u32; 3],
    pub(crate) tagged: Option<&'static str>,
}

/// Whose use a cap is on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose {
    Member(u32),
    Group(u32),
    Product(usize),
    Team,
}

/// Which products are given.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Granting {
    Nothing,
    Everything,
    Some(u8),
}

/// What follows upon beats.
#[derive(Debug, Clone)]
pub(crate) enum Then {
    Beat(Activity),
    Close(Activity),
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
    let all = (setup(), vec(step(), 4..steps), any::<bool>());
    all.prop_map(|(setup, steps, quiet)| History { setup, steps, quiet })
}

fn setup() -> impl Strategy<Value = Setup> {
    let daily = (
        select(&[0_u32, 60, 300][..]),
        option::weighted(0.92, rate()),
        option::weighted(0.5, select(&[60_u32, 900, 7_200][..])),
        select(&[0_u64, 0, 0, 1][..]),
    )
        .prop_map(|(undo_s, rate, idle_s, min_balance)| {
            let offer = rate.map_or(Offered::Nothing, Offered::Daily);
            Product { undo_s, offer, idle_s, min_balance }
        });
    let renders = (rate(), select(&[0_u64, 0, 3][..])).prop_map(|(rate, min_balance)| {
        let offer = Offered::Results(rate);
        Product { undo_s: 300, offer, idle_s: None, min_balance }
    });
    let beginning = prop_oneof![
        5 => Just(Beginning::AtOnce),
        2 => Just(Beginning::NearLotEnd),
        1 => Just(Beginning::NearOverdue)
    ];
    (
        select(&["UTC", "Europe/Paris", "America/New_York", "Pacific/Kiritimati"][..]),
        select(&["2026-03-02T09:00:00Z", "2026-03-27T20:00:00Z", "2027-12-30T22:00:00Z", "2028-02-28T23:30:00Z"][..]),
        2_u32..=4,
        (vec(daily, 1..=2), renders),
        prop::bool::weighted(0.9),
        vec((1_u64..=30, prop::bool::weighted(0.8)), 0..=4),
        beginning,
        vec(in_office(), 0..6),
    )
        .prop_map(|(zone, begins_at, members, (mut products, renders), open_to_all, orders, beginning, office)| {
            products.push(renders);
            Setup { zone, begins_at, members, products, open_to_all, orders, beginning, office }
        })
}

fn step() -> impl Strategy<Value = Step> {
    (when(), does(), vec(any::<u16>(), 0..2)).prop_map(|(when, does, woken)| Step { when, does, woken })
}

fn when() -> impl Strategy<Value = When> {
    let next = prop_oneof![5 => Just(0_usize), 3 => Just(1), 2 => Just(2), 2 => 3_usize..8];
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

fn activity() -> impl Strategy<Value = Activity> {
    prop_oneof![
        4 => Just(Activity::Unsaid),
        3 => Just(Activity::Now),
        2 => (0_u32..2_000).prop_map(Activity::Ago),
        3 => beside().prop_map(Activity::BesideIdle),
        3 => beside().prop_map(Activity::BesideEnd),
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

/// The last is one of results.
fn product() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![20 => Just(0_usize), 8 => Just(1), 1 => Just(2), 1 => Just(100)]
}

fn offered() -> impl Strategy<Value = Offered> {
    prop_oneof![6 => rate().prop_map(Offered::Daily), 2 => rate().prop_map(Offered::Results)]
}

fn tagged() -> impl Strategy<Value = Option<&'static str>> {
    select(&[None, Some("bridge"), Some("tower"), Some("")][..])
}

fn granting() -> impl Strategy<Value = Granting> {
    prop_oneof![
        2 => Just(Granting::Nothing),
        3 => Just(Granting::Everything),
        2 => any::<u8>().prop_map(Granting::Some)
    ]
}

fn quantities() -> impl Strategy<Value = [u32; 3]> {
    let one = || prop_oneof![4 => Just(0_u32), 2 => Just(1_000), 3 => 1_u32..4_000];
    (one(), one(), one()).prop_map(|(image, video, study)| [image, video, study])
}

fn job() -> impl Strategy<Value = Job> {
    let product = prop_oneof![12 => Just(usize::MAX), 1 => Just(0_usize), 1 => Just(100)];
    (member(), product, quantities(), tagged()).prop_map(|(member, product, parts, tagged)| Job {
        member,
        product,
        parts,
        tagged,
    })
}

fn does() -> impl Strategy<Value = Does> {
    let index = || 0_usize..64;
    let then = prop_oneof![
        4 => activity().prop_map(Then::Beat),
        2 => activity().prop_map(Then::Close),
        1 => Just(Then::Silence),
        2 => Just(Then::OpenBeside),
        4 => prop_oneof![in_office(), with_jobs()].prop_map(|does| Then::Meanwhile(Box::new(does))),
    ];
    let at_work = prop_oneof![
        16 => (member(), product(), 0_u64..5, tagged())
            .prop_map(|(member, product, device, tagged)| Does::Open { member, product, device, tagged }),
        1 => index().prop_map(|session| Does::OpenAgain { session }),
        8 => (index(), activity()).prop_map(|(session, activity)| Does::Beat { session, activity }),
        4 => (index(), activity(), prop::bool::weighted(0.3))
            .prop_map(|(session, activity, admin)| Does::Close { session, activity, admin }),
        14 => (option::of(index()), prop::bool::weighted(0.2), any::<u8>(), then)
            .prop_map(|(session, often, idle_part, then)| Does::Work { session, often, idle_part, then }),
        3 => Just(Does::Down),
        1 => (member(), product()).prop_map(|(member, product)| Does::Quote { member, product }),
        1 => Just(Does::Settle),
    ];
    prop_oneof![6 => at_work, 2 => in_office(), 2 => with_jobs()]
}

fn with_jobs() -> impl Strategy<Value = Does> {
    let index = || 0_usize..8;
    prop_oneof![
        1 => job().prop_map(Does::QuoteJob),
        6 => job().prop_map(Does::Hold),
        1 => index().prop_map(|job| Does::HoldAgain { job }),
        4 => (index(), option::of(quantities())).prop_map(|(job, parts)| Does::Commit { job, parts }),
        1 => index().prop_map(|job| Does::Extend { job }),
        2 => index().prop_map(|job| Does::Release { job }),
    ]
}

/// What an admin or the vendor does.
fn in_office() -> impl Strategy<Value = Does> {
    let length = || prop_oneof![2 => 0_u32..200_000, 1 => Just(86_400_u32), 2 => 0_u32..900];
    let whose = prop_oneof![
        3 => (0_u32..2).prop_map(Whose::Member),
        2 => (1_u32..3).prop_map(Whose::Group),
        2 => prop_oneof![Just(0_usize), Just(usize::MAX)].prop_map(Whose::Product),
        2 => Just(Whose::Team),
    ];
    let people = prop_oneof![
        6 => (member(), product(), start(), length())
            .prop_map(|(member, product, start, length_s)| Does::Seat { member, product, start, length_s }),
        2 => (member(), product(), option::weighted(0.3, (start(), length())))
            .prop_map(|(member, product, again)| Does::NoSeat { member, product, again }),
        1 => (member(), member(), product()).prop_map(|(from, to, product)| Does::MoveSeat { from, to, product }),
        2 => (member(), option::weighted(0.6, any::<u8>()))
            .prop_map(|(member, products)| Does::Assign { member, products }),
        1 => member().prop_map(|member| Does::Unassign { member }),
        1 => (0_u32..3, prop::bool::weighted(0.7)).prop_map(|(member, active)| Does::Member { member, active }),
        2 => granting().prop_map(|products| Does::DefaultAccess { products }),
        2 => (1_u32..3, option::weighted(0.8, any::<u8>()), granting())
            .prop_map(|(group, members, products)| Does::Group { group, members, products }),
        2 => select(&[0_u8, 0, 0, 1, 2, 5][..]).prop_map(|products| Does::Block { products }),
    ];
    let rules = prop_oneof![
        6 => (
            1_u32..5,
            whose,
            any::<bool>(),
            option::weighted(0.85, select(&["0", "0.5", "1", "2", "7", "8", "14", "20"][..])),
            prop::bool::weighted(0.7)
        )
            .prop_map(|(cap, of, monthly, tokens, hard)| Does::Cap { cap, of, monthly, tokens, hard }),
        1 => prop::bool::weighted(0.3).prop_map(|tags| Does::Require { tags }),
        4 => (1_u64..=30, prop::bool::weighted(0.3)).prop_map(|(quantity, card)| Does::Order { quantity, card }),
        4 => (0_usize..64).prop_map(|order| Does::Pay { order }),
        3 => (0_usize..3, offered(), start())
            .prop_map(|(product, offer, start)| Does::Rate { product, offer, start }),
        2 => (1_u32..3, start(), length(), 0_usize..3, offered()).prop_map(
            |(agreement, start, length_s, product, offer)| Does::Agreement { agreement, start, length_s, product, offer }
        ),
        2 => (member(), 0_u64..12, when())
            .prop_map(|(member, credits, end)| Does::Credits { member, credits, end }),
        1 => (0_usize..2, select(&[0_u32, 60, 300][..]), option::of(select(&[60_u32, 900][..])))
            .prop_map(|(product, undo_s, idle_s)| Does::Change { product, undo_s, idle_s }),
    ];
    prop_oneof![people, rules]
}
