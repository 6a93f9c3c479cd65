//! The SDK before a real server: what a program lives through, with the time of both in the test's hand.

mod beats;
mod desk;
mod opening;
mod without_the_server;
