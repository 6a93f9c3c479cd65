//! What has to be so whatever happens: random histories, on whole minutes and a microsecond beside them, so that most
//! of what they do meets at one instant.

use jeton_model::{Access, At, Date, History, Id, Of, Offer, Rounding, Told, Use, What, run};

const MINUTE: At = 60_000_000;
const DAY: At = 1_440 * MINUTE;

/// Numbers that look random, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).expect("31 bits") % end
    }

    fn id(&mut self, end: i64) -> Id {
        Id::try_from(self.below(end)).expect("small")
    }

    fn one_in(&mut self, of: i64) -> bool {
        self.below(of) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(i64::try_from(all.len()).expect("few"))).expect("small")]
    }
}

fn date_of(at: At) -> Date {
    let day = i32::try_from(at.div_euclid(DAY)).expect("a few days");
    (day, day.div_euclid(28))
}

fn history(seed: u64, length: usize) -> Vec<(At, What)> {
    let mut dice = Dice(seed);
    let mut steps = Vec::new();
    for product in 0..3 {
        let (undo, idle) = (dice.of(&[0, MINUTE, 5 * MINUTE]), dice.of(&[None, Some(15 * MINUTE)]));
        let offer = if product < 2 {
            Offer::Daily(dice.of(&[0, 500, 1_000, 7_000]))
        } else {
            Offer::Results(vec![(0, 1_500, Rounding::None), (1, 500, Rounding::Up)])
        };
        steps.push((0, What::Product { product, undo, idle, min_balance: dice.of(&[0, 1_000]) }));
        steps.push((0, What::Rate { product, starts: 0, offer: Some(offer) }));
    }
    for member in 0..2 {
        steps.push((0, What::Member { member, active: true }));
    }
    steps.push((0, What::Default { access: Some(Access::All) }));
    let (lot_ends, due) = (dice.of(&[2, 20, 40]) * DAY, 30 * DAY);
    steps.push((0, What::Order { order: 99, tokens: dice.of(&[7_000, 50_000, 200_000]), card: false, lot_ends, due }));
    steps.push((0, What::Pay { order: 99, lot_ends }));
    let (mut now, mut down, mut sessions): (At, bool, Id) = (480 * MINUTE, false, 0);
    while steps.len() < length {
        let short = [0, 0, 1, MINUTE - 1, MINUTE, MINUTE, 2 * MINUTE, 2 * MINUTE, 3 * MINUTE, 5 * MINUTE];
        let long = [9 * MINUTE, 10 * MINUTE, 15 * MINUTE, 240 * MINUTE, 720 * MINUTE];
        // Sessions outlive a day without a message while the server is away.
        let away = [MINUTE, 10 * MINUTE, 720 * MINUTE, DAY - MINUTE, DAY, DAY, DAY + MINUTE];
        let apart = if down {
            &away[..]
        } else if dice.one_in(12) {
            &long[..]
        } else {
            &short[..]
        };
        now += dice.of(apart);
        if down || dice.one_in(15) {
            down = !down;
            steps.push((now, if down { What::Down } else { What::Up }));
            continue;
        }
        let (member, product) = (dice.id(2), dice.id(2));
        let known = sessions.saturating_sub(dice.id(4));
        let near = now - dice.of(&[0, 1, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, DAY]);
        let what = match dice.below(20) {
            0..5 => {
                sessions += 1;
                What::Open(Use { id: sessions, member, product, device: dice.id(5), ..Use::default() })
            }
            5..11 => What::Beat { session: known, activity: dice.of(&[None, None, Some(now), Some(near)]) },
            11..13 => {
                What::Close { session: known, activity: dice.of(&[None, Some(near)]), by_client: !dice.one_in(4) }
            }
            13 => What::Seat { member, product, starts: near, ends: now + dice.of(&[0, MINUTE, 5 * MINUTE, DAY]) },
            14 => What::NoSeat { member, product },
            15 => {
                let (order, tokens) = (dice.id(12), dice.of(&[1_000, 7_000, 20_000]));
                let lot_ends = now + dice.of(&[5 * MINUTE, DAY, 30 * DAY]);
                What::Order { order, tokens, card: dice.one_in(4), lot_ends, due: now + dice.of(&[3 * DAY, 30 * DAY]) }
            }
            16 => What::Pay { order: dice.id(12), lot_ends: now + DAY },
            17 => {
                let of = dice.of(&[Of::Member(0), Of::Product(0), Of::Team]);
                let tokens = dice.of(&[None, Some(7_000), Some(14_000)]);
                What::Cap { cap: dice.id(2), of, monthly: dice.one_in(2), tokens, hard: dice.one_in(2) }
            }
            18 => {
                let parts = vec![(0, dice.below(3_000) + 1), (1, dice.below(3_000) + 1)];
                What::Hold(Use { id: dice.id(6), member, product: 2, parts, ..Use::default() })
            }
            _ => What::Commit {
                job: dice.id(6),
                parts: dice.of(&[None, Some(700), Some(0)]).map(|part| vec![(0, part)]),
            },
        };
        steps.push((now, what));
    }
    steps
}

fn told(steps: Vec<(At, What)>) -> Told {
    run(&History { date_of: &date_of, steps })
}

#[test]
fn v3_every_token_of_a_lot_is_accounted_for_and_none_is_spent_twice() {
    for seed in 0..400 {
        let told = told(history(seed, 120));
        for lot in &told.lots {
            assert_eq!(lot.granted, lot.available + lot.held + lot.spent + lot.expired, "{seed}: {lot:?}");
            let least = lot.available.min(lot.held).min(lot.spent).min(lot.expired);
            assert!(least >= 0, "{seed}: {lot:?}");
        }
        for charge in &told.charges {
            let drawn: i64 = charge.draws.iter().map(|(_, tokens)| tokens).sum();
            assert_eq!(drawn, charge.tokens, "{seed}: {charge:?}");
        }
        assert!(told.answers.iter().all(|answer| answer.available >= 0 && answer.held >= 0), "{seed}");
    }
}

#[test]
fn w1_no_day_is_paid_twice() {
    for seed in 0..400 {
        let told = told(history(seed, 120));
        for (place, one) in told.charges.iter().enumerate() {
            for other in &told.charges[place + 1..] {
                let same = (one.of.member, one.of.product) == (other.of.member, other.of.product);
                let (Some(first), Some(second)) = (one.window, other.window) else { continue };
                assert!(!same || first.1 <= second.0 || second.1 <= first.0, "{seed}: {one:?} and {other:?}");
            }
        }
    }
}

#[test]
fn extra_wake_ups_change_nothing() {
    for seed in 0..200 {
        let steps = history(seed, 100);
        let mut woken = Vec::new();
        let (mut last, mut down) = (0, false);
        for (at, what) in steps.clone() {
            if !down {
                woken.extend(
                    [last, last + (at - last) / 2, at - 1, at]
                        .iter()
                        .filter(|when| last <= **when)
                        .map(|at| (*at, What::Settle)),
                );
            }
            down = if what == What::Down { true } else { down && what != What::Up };
            last = at;
            woken.push((at, what));
        }
        let (plain, woken) = (told(steps), told(woken));
        assert_eq!((plain.charges, plain.launches), (woken.charges, woken.launches), "{seed}");
        assert_eq!((plain.lots, plain.live), (woken.lots, woken.live), "{seed}");
    }
}
