// Package shipped breaks the backends of every file in config/, as it is shipped: only addresses and paths come from the environment.
// FAULTS=all in the environment runs the whole table, which make faults does, and prints a line for each case; a short selection
// runs with the other tests. It has no code of its own.
package shipped
