//! One expansion of each derive, to be read.
