//! How steps, facts and other lists are looked through. No rule stands here.

use crate::{Refusal, Use};

/// Those of a list that have a form, each as what is wanted of it.
macro_rules! those {
    ($list:expr, $form:pat $(if $such:expr)? => $what:expr) => {
        $list.filter_map(move |one| if let $form = one $(&& $such)? { Some($what) } else { None })
    };
}

/// What the last step of a form says.
macro_rules! last {
    ($model:expr, $form:pat $(if $such:expr)? => $what:expr) => {
        crate::scan::those!($model.steps().rev(), (_, $form) $(if $such)? => $what).next()
    };
}
pub(crate) use {last, those};

/// Of each thing what was said last, in the order in which it was said.
pub(crate) fn last_of_each<K: PartialEq, V>(said: impl Iterator<Item = (K, V)>) -> Vec<(K, V)> {
    let mut last: Vec<(K, V)> = Vec::new();
    for one in said {
        last.retain(|other| other.0 != one.0);
        last.push(one);
    }
    last
}

pub(crate) fn otherwise(refusal: Refusal, good: bool) -> Result<(), Refusal> {
    if good { Ok(()) } else { Err(refusal) }
}

/// Whether two uses are of one product by one member.
pub(crate) fn same(one: &Use, other: &Use) -> bool {
    (one.member, one.product) == (other.member, other.product)
}
