// Loaded before a node whose memory is measured (with --expose-gc): what connecting left behind is no memory
// of an idle socket.
process.on("SIGUSR2", () => globalThis.gc());
