use mtaio::event::Event;

/// Somebody has changed how many seats an aircraft has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AircraftChanged {
    /// Which one.
    pub tailnum: String,
    /// What it has now.
    pub seats: u32,
}

impl Event for AircraftChanged {
    const NAME: &'static str = "aircraft.changed";
}
