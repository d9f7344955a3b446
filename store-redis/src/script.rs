//! What runs on the server, in one step that nothing comes between.

/// Makes a change of `KEYS[1]` if what it has is the first argument, byte for byte; the others are the
/// change: its command, and what follows the key in it. 1 if it was made, or 0.
///
/// It is short enough to be sent each time: the server compiles it once. What it calls answers with
/// errors instead of raising them, as one that is raised loses its code on older servers.
pub(crate) const CHANGE_IF: &[u8] = b"\
local held = redis.pcall('GET', KEYS[1]) \
if type(held) == 'table' then return held end \
if held ~= ARGV[1] then return 0 end \
local done = redis.pcall(ARGV[2], KEYS[1], unpack(ARGV, 3)) \
if type(done) == 'table' and done.err then return done end \
return 1";
