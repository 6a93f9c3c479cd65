//! What the tests share: processes, HTTP, and a vendor with a team to try things on.

pub(crate) mod gate;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod many;
pub(crate) mod process;
pub(crate) mod shop;

/// Asks again and again, without waiting between, until there is an answer. Panics when it never comes.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..200_000 {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::yield_now();
    }
    panic!("it never came: {what}");
}
