//! Load on a server that speaks frames, and the servers that ours are compared with.
