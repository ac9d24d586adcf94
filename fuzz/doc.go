// Package fuzz holds no code for programs: it is where the promises of the
// journal are attacked. See README.md.
package fuzz
