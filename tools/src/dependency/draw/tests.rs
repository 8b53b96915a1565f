//! The pictures are looked at.
