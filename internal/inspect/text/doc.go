// Package text renders the inspector's model as text for people: tables on a
// terminal, with or without colors. Each function takes a [Printer] and a part of the
// model.
package text
