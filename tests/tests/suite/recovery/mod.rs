//! Remedies: what people press and read, who may, when the process dies, and what becomes of AWS.

mod crash;
mod ends;
mod lives;
mod nights;
mod races;
mod rights;
mod story;
mod words;
