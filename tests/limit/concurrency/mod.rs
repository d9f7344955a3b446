//! So many at once.

mod model;
mod settings;
mod story;
mod tasks;
mod threads;
mod timer;
