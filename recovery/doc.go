// Package recovery brings the files of a journal to the state that its log
// promises, after a crash at any instant. It reads logs (Records), says what would
// be done (Plan) and does it (Run).
//
// # Why a crash inside recovery is harmless
//
// Run changes nothing in the log until all else is durable: what it displaces lies
// in lost+found, the files are redone and fsynced. Then it writes a segment with one
// checkpoint group that continues the log. That is the one point where recovery
// becomes true. A crash before it leaves the log as it was, and the same steps are
// taken again: each intent is absolute, so doing it twice changes nothing. A crash
// after it leaves old segments and staged files that the log does not need any more,
// and the next Run removes them. Bytes of a torn tail need no cutting: the new
// segment carries the hash of the last valid group, and so proves that nothing is
// missing between them.
//
// # What was edited by hand
//
// A file can be changed by anybody between the crash and the recovery. Before a
// path is redone, what is there is compared to what the log knows of it: all
// versions that the log holds, torn forms of them, and size and time of the file
// that was replaced. What is none of these is foreign. Foreign content that is
// newer than the journal's last sign of life is a later write, and stays; ours goes
// to lost+found. Older foreign content goes to lost+found, and ours takes its place.
//
// A removal is treated alike, except that the log does not hold what it removes:
// what is old and was not described is what the transaction meant. In a tree that
// is removed, newer files stay where they are, with the directories above them.
//
// Only paths that the log wants to change are looked at.
package recovery
