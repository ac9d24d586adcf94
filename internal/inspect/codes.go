package inspect

import (
	"errors"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Code names a kind of finding. Codes are stable: one that is given up is not
// used again.
type Code string

// Explanation is what there is to know about a kind of finding.
type Explanation struct {
	Code   Code   `json:"code"`
	Health Health `json:"severity"`
	Title  string `json:"title"`
	Means  string `json:"means"`
	Causes string `json:"causes"`
	Do     string `json:"do"`
}

const (
	keepCopy = "Copy the whole journal directory before anything else. "
	salvage  = "Then `journal-inspect salvage` writes the files of the intact part into a new directory; " +
		"compare them with yours, or restore a backup. Opening with the salvage policy keeps the intact part and drops the rest."
	badDisk = "A failing disk or memory, a storage layer that lost writes it had confirmed, or something that wrote into the file."
)

// Explanations lists all codes, in order.
var Explanations = []Explanation{
	{"JI001", Corrupt, "a group does not match its hash",
		"The bytes of a group are not those that were written, and a valid group follows, so that it had been acknowledged.",
		badDisk, keepCopy + salvage},
	{"JI002", Corrupt, "bytes that are no group, before valid ones",
		"Where a group should begin there is something else, and a valid group follows, so that what stood there had been acknowledged.",
		badDisk, keepCopy + salvage},
	{"JI003", Corrupt, "a group out of sequence",
		"A whole group is there, but not the one that comes next.",
		"Groups are missing between the two, or a segment was copied from another journal or an older backup.", keepCopy + salvage},
	{"JI004", Corrupt, "a group that does not continue the log",
		"A group has the right number, but carries the hash of another group than the one before it.",
		"Parts of two histories of the same journal, mixed by a restore of single files.", keepCopy + "Restore the journal directory as a whole. " + salvage},
	{"JI005", Corrupt, "a segment is missing",
		"The log has a gap: a numbered directory is not there, and what it held was not checkpointed.",
		"Somebody removed it, or a restore left it out.", keepCopy + "Look for the directory in backups and put it back. " + salvage},
	{"JI006", Corrupt, "an unexpected file in the log",
		"Something lies in the log directory that the journal did not make. It may be what is missed elsewhere, so nothing is touched.",
		"A sync or backup program, an editor, or an unfinished manual repair.", "Find out what made it, then move it out of the journal directory."},
	{"JI007", Corrupt, "a segment's file is too large",
		"The file is larger than a log file may be, and is not read.",
		"Something else wrote to it, or it is not the journal's.", keepCopy + salvage},
	{"JI008", Corrupt, "a record that breaks the format",
		"A group is whole by its hash, but what it holds is not what a writer makes.",
		"A bug in the program that wrote it, or bytes made up on purpose.", keepCopy + "Report it with the output of `dump --hex`. " + salvage},
	{"JI009", Corrupt, "too many false groups",
		"After the damage so many bytes pose as groups that looking for a real one was given up.",
		"A file that was made to look so, or a log of another journal copied over this one.", keepCopy + salvage},
	{"JI010", Corrupt, "the log goes on after a torn end",
		"A segment ends in the middle of a group, and a later one was written to, which happens only after the first ended well.",
		badDisk, keepCopy + salvage},
	{"JI011", Corrupt, "no group at all",
		"The journal was made, so there must be at least one group; there is none.",
		"The log was emptied, or what lies there is not this journal's.", keepCopy + "Restore the journal directory from a backup."},
	{"JI012", Corrupt, "FORMAT is damaged or missing",
		"The file that says what kind of journal this is can't be read as such.",
		badDisk, keepCopy + "If the log is well (see the other findings), restore FORMAT from a backup."},
	{"JI013", Newer, "written by a newer version",
		"The journal is in a format that this program does not know.",
		"The application was updated, and this tool, or the application, is an older one.", "Use the journal-inspect of the newer version."},

	{"JI101", Pending, "a torn end",
		"The log ends in the middle of a group. It was never acknowledged: nobody was told that its transactions are durable.",
		"The power failed, or the machine or the program died, while the group was being written.",
		"Nothing. The next open keeps the bytes in lost+found and goes on."},
	{"JI102", Pending, "transactions to be redone",
		"They are committed and not checkpointed: their files may be as they were before.",
		"The program ended without closing the journal.",
		"Nothing. The next open redoes them; `plan` shows which files."},
	{"JI103", Pending, "a transaction without a commit record",
		"Its updates are in the log, its end is not: it never took effect, and will not.",
		"Another implementation of the format; this one always writes the two together.",
		"Nothing. The next open discards it."},
	{"JI104", Healthy, "not closed",
		"The owner is gone and did not close the journal, but everything in it was checkpointed.",
		"The program was killed, or the machine stopped, while it was idle.",
		"Nothing. The next open starts a new segment."},
	{"JI105", Healthy, "leftovers in the log directory",
		"Directories of segments that were being made or removed.",
		"The program ended in between, or is at it now.",
		"Nothing. The next open removes them."},
	{"JI106", Healthy, "leftovers in staging",
		"Files that no transaction to be redone needs.",
		"Transactions that never committed, or are checkpointed. Beside an owner they are at work.",
		"Nothing. The next open removes them."},
	{"JI107", Healthy, "something in lost+found",
		"A recovery set content aside: what it could not redo, displaced or cut off.",
		"Files that were edited by hand after a crash, or torn ends.",
		"Read the README.txt in each folder, take what you need and remove the folder."},
	{"JI108", Healthy, "in flight",
		"The log ends in the middle of a group beside a live owner.",
		"The owner was writing it when the log was read.",
		"Nothing."},
	{"JI109", Healthy, "not made completely",
		"The journal was being made and FORMAT, which comes last, is not there; no transaction was ever committed.",
		"The program ended in between, or is at it now.",
		"Nothing. The next open makes what is missing."},

	{"JI201", Corrupt, "a staged payload is missing",
		"A transaction that is to be redone names a file in staging that is not there.",
		"Somebody emptied staging, a restore left it out, or the disk lost it.",
		keepCopy + "Look for the file in backups. If the target already holds the content (`tx`), nothing is lost."},
	{"JI202", Corrupt, "a staged payload is damaged",
		"A file in staging does not have the size or the hash that the log names.",
		badDisk + " Or the target was edited in place while it was still the same file.",
		keepCopy + "Look at the target with `tx`. The next open sets the damaged bytes aside and goes on."},

	{"JI301", Foreign, "a file that matches nothing known",
		"The target of a transaction holds neither what the last transaction wrote nor any version that the log knows.",
		"It was written without the journal: by hand, by another program, by a restore.",
		"If that was meant, nothing. Otherwise `tx --diff` shows the difference and `cat` writes what the log has."},
	{"JI302", Foreign, "a file is missing",
		"The last transaction of this path put something there, and nothing is there now.",
		"It was removed without the journal.",
		"If that was meant, nothing. Otherwise `cat` writes what the log has."},
	{"JI303", Foreign, "a file is older than its last transaction",
		"The target holds an earlier version, though the last one was checkpointed.",
		"A file was restored from a backup, or the disk lost a write that it had confirmed.",
		"`tx --diff` shows the difference and `cat` writes what the log has."},
	{"JI304", Pending, "a file is to be redone",
		"The target does not hold what its last transaction wrote yet, and that is not checkpointed.",
		"The program ended between the commit and the change of the file.",
		"Nothing. The next open does it; `plan` shows how."},
	{"JI305", Foreign, "a file can't be read",
		"Whether the target is right is not known.",
		"Permissions, or a failing disk.",
		"Run as the owner of the files."},
}

// Explain returns the explanation of a code.
func Explain(code Code) (Explanation, bool) {
	for _, e := range Explanations {
		if e.Code == code {
			return e, true
		}
	}
	return Explanation{}, false
}

// causes maps what segment found to codes; the first that fits counts.
var causes = []struct {
	err  error
	code Code
}{
	{segment.ErrMissing, "JI005"},
	{segment.ErrStray, "JI006"},
	{segment.ErrTooLarge, "JI007"},
	{segment.ErrBudget, "JI009"},
	{segment.ErrLater, "JI010"},
	{segment.ErrSequence, "JI003"},
	{segment.ErrChain, "JI004"},
	{record.ErrFormat, "JI008"},
	{record.ErrHash, "JI001"},
}

// codeOf returns the code for how a log ends; "" when it is clean.
func codeOf(log *Log) Code {
	switch log.End.State {
	case segment.Clean:
		return ""
	case segment.Newer:
		return "JI013"
	case segment.Torn:
		if log.InFlight() {
			return "JI108"
		}
		return "JI101"
	}
	for _, c := range causes {
		if errors.Is(log.End.Err, c.err) {
			return c.code
		}
	}
	return "JI002"
}
