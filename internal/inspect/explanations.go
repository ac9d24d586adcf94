package inspect

import (
	"errors"

	"github.com/forewrite/forewrite/internal/segment"
	"github.com/forewrite/forewrite/journal/record"
)

// Code names a kind of finding. Codes are stable: one that is given up is not
// used again.
type Code string

// The codes.
const (
	badHash         Code = "JI001"
	notAGroup       Code = "JI002"
	outOfSequence   Code = "JI003"
	brokenChain     Code = "JI004"
	missingSegment  Code = "JI005"
	strayFile       Code = "JI006"
	segmentTooLarge Code = "JI007"
	badRecord       Code = "JI008"
	tooManyFalse    Code = "JI009"
	tornInTheMiddle Code = "JI010"
	noGroups        Code = "JI011"
	badFormat       Code = "JI012"
	newerVersion    Code = "JI013"

	tornTail        Code = "JI101"
	toRedo          Code = "JI102"
	uncommitted     Code = "JI103"
	notClosed       Code = "JI104"
	logLeftover     Code = "JI105"
	stagingLeftover Code = "JI106"
	setAside        Code = "JI107"
	inFlight        Code = "JI108"
	incomplete      Code = "JI109"

	stagedMissing Code = "JI201"
	stagedDamaged Code = "JI202"

	fileUnknown    Code = "JI301"
	fileMissing    Code = "JI302"
	fileOlder      Code = "JI303"
	fileToRedo     Code = "JI304"
	fileUnreadable Code = "JI305"
)

// Explanation explains a kind of finding.
type Explanation struct {
	Code   Code   `json:"code"`
	Health Health `json:"severity"`
	Title  string `json:"title"`
	Means  string `json:"means"`
	Causes string `json:"causes"`
	Do     string `json:"do"`
}

const (
	copyFirst   = "First copy the whole journal directory. "
	thenSalvage = "Then run `journal-inspect salvage`, which writes the files of the intact part of the log into a new directory; " +
		"compare them with yours, or restore a backup. `journal-inspect plan --salvage` shows what opening with the salvage policy would do."
	badDisk = "A failing disk or memory, storage that lost writes it had confirmed, or another program that wrote to the file."
)

// Explanations lists all codes, in order.
var Explanations = []Explanation{
	{badHash, Corrupt, "a group does not match its hash",
		"The bytes of a group are not those that were written. A valid group follows, so the damaged one had been acknowledged.",
		badDisk, copyFirst + thenSalvage},
	{notAGroup, Corrupt, "unknown bytes before valid groups",
		"Where a group should begin there are other bytes. A valid group follows, so the one that was there had been acknowledged.",
		badDisk, copyFirst + thenSalvage},
	{outOfSequence, Corrupt, "a group out of sequence",
		"A group is valid, but its LSN is not the next one.",
		"Groups are missing between the two, or a segment was copied from another journal or an older backup.", copyFirst + thenSalvage},
	{brokenChain, Corrupt, "a group that does not continue the log",
		"A group has the right LSN, but it carries the hash of another group than the one before it.",
		"Segments of two histories of the same journal, mixed when single files were restored.",
		copyFirst + "Restore the journal directory as a whole. " + thenSalvage},
	{missingSegment, Corrupt, "a segment is missing",
		"The log has a gap: a numbered directory does not exist, and what it held was not checkpointed.",
		"The directory was removed, or a restore left it out.", copyFirst + "Look for the directory in backups and put it back. " + thenSalvage},
	{strayFile, Corrupt, "an unexpected file in the log",
		"The log directory has a file that the journal did not make. It may be one that is missing elsewhere, so recovery does not touch it.",
		"A sync or backup program, an editor, or an unfinished manual repair.", "Find out which program made it, then move it out of the journal directory."},
	{segmentTooLarge, Corrupt, "a segment's file is too large",
		"The file is larger than a segment can be, and is not read.",
		"Another program wrote to it, or it does not belong to the journal.", copyFirst + thenSalvage},
	{badRecord, Corrupt, "a record that breaks the format",
		"A group matches its hash, but its records are not what a writer makes.",
		"A bug in the program that wrote it, or bytes that were forged.", copyFirst + "Report it with the output of `journal-inspect dump --hex`. " + thenSalvage},
	{tooManyFalse, Corrupt, "too many false groups",
		"After the damage so many bytes look like the beginning of a group that the search for a valid one was given up.",
		"A file that was forged, or the log of another journal copied over this one.", copyFirst + thenSalvage},
	{tornInTheMiddle, Corrupt, "the log goes on after a torn group",
		"A segment ends in the middle of a group, but the next segment has data. A segment is only written after the one before ended with a whole group.",
		badDisk, copyFirst + thenSalvage},
	{noGroups, Corrupt, "no groups",
		"The journal was made completely, so its log must have at least one group. It has none.",
		"The log was emptied, or its segments are not those of this journal.", copyFirst + "Restore the journal directory from a backup."},
	{badFormat, Corrupt, "FORMAT is damaged or missing",
		"The file with the format version and the id of the journal can't be read.",
		badDisk, copyFirst + "If there are no other findings, restore FORMAT from a backup."},
	{newerVersion, Newer, "written by a newer version",
		"The journal is in a format that this program does not know.",
		"The application was updated, and this program, or the application, is an older version.",
		"Use the journal-inspect of the newer version."},

	{tornTail, NeedsRecovery, "a torn tail",
		"The log ends in the middle of a group. The group was never acknowledged: no Commit of its transactions returned success.",
		"The power failed, or the machine or the program stopped, while the group was being written.",
		"Nothing. The next open copies the bytes to lost+found and continues the log."},
	{toRedo, NeedsRecovery, "transactions to be redone",
		"They are committed and not checkpointed: their files may be as they were before.",
		"The program ended without closing the journal.",
		"Nothing. The next open redoes them; `journal-inspect plan` shows which files."},
	{uncommitted, NeedsRecovery, "a transaction without a commit record",
		"Its intents are in the log, its commit record is not: it never took effect, and will not.",
		"Another implementation of the format; this one always writes them in one group.",
		"Nothing. The next open discards it."},
	{notClosed, Healthy, "not closed",
		"The owner has ended and did not close the journal, but everything in it was checkpointed.",
		"The program was killed, or the machine stopped, while it was idle.",
		"Nothing. The next open begins a new segment."},
	{logLeftover, Healthy, "leftovers in the log directory",
		"Directories of segments that were being made or removed.",
		"The program ended in between, or is doing it now.",
		"Nothing. The next open removes them."},
	{stagingLeftover, Healthy, "leftovers in staging",
		"Files that no transaction to be redone needs.",
		"Transactions that never committed, or are checkpointed. While an owner runs, they can be transactions in progress.",
		"Nothing. The next open removes them."},
	{setAside, Healthy, "files in lost+found",
		"A recovery set content aside: what it could not redo, what it replaced, or a torn tail.",
		"Files that were edited by hand after a crash, or a crash during a write.",
		"Read the README.txt in each folder, copy what you need and remove the folder."},
	{inFlight, Healthy, "a group is in flight",
		"The log ends in the middle of a group while its owner runs.",
		"The owner was writing the group when the log was read.",
		"Nothing."},
	{incomplete, Healthy, "not made completely",
		"The journal was being made, and FORMAT, which is written last, does not exist. No transaction was ever committed.",
		"The program ended in between, or is doing it now.",
		"Nothing. The next open makes what is missing."},

	{stagedMissing, Corrupt, "a staged payload is missing",
		"A transaction that is to be redone names a file in staging that does not exist.",
		"Staging was emptied, a restore left the file out, or the disk lost it.",
		copyFirst + "Look for the file in backups. If the target already has the content (`journal-inspect tx`), nothing is lost."},
	{stagedDamaged, Corrupt, "a staged payload is damaged",
		"A file in staging does not have the size or the hash that the log names.",
		badDisk + " Or the target was edited in place while both were the same file.",
		copyFirst + "Look at the target with `journal-inspect tx`. The next open copies the damaged bytes to lost+found and goes on."},

	{fileUnknown, Foreign, "a file that matches no known version",
		"The file is neither what the last transaction wrote nor any other version that the log knows.",
		"It was written without the journal: by hand, by another program, or by a restore.",
		"If that was intended, nothing. Otherwise `journal-inspect tx --diff` shows the difference and `journal-inspect cat` writes what the log has."},
	{fileMissing, Foreign, "a file is missing",
		"The last transaction of this path put a file there, and there is none now.",
		"It was removed without the journal.",
		"If that was intended, nothing. Otherwise `journal-inspect cat` writes what the log has."},
	{fileOlder, Foreign, "a file is older than its last transaction",
		"The file is an earlier version, although the last one was checkpointed.",
		"The file was restored from a backup, or the disk lost a write that it had confirmed.",
		"`journal-inspect tx --diff` shows the difference and `journal-inspect cat` writes what the log has."},
	{fileToRedo, NeedsRecovery, "a file is to be redone",
		"The file is not yet what its last transaction wrote, and that transaction is not checkpointed.",
		"The program ended between the commit and the change of the file.",
		"Nothing. The next open does it; `journal-inspect plan` shows how."},
	{fileUnreadable, Foreign, "a file can't be read",
		"Whether the file is what the last transaction wrote is not known.",
		"Permissions, or a failing disk.",
		"Run journal-inspect as the owner of the files."},
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

// endCodes maps the errors with which a log ends to codes; the first that matches
// counts.
var endCodes = []struct {
	err  error
	code Code
}{
	{segment.ErrMissing, missingSegment},
	{segment.ErrStray, strayFile},
	{segment.ErrTooLarge, segmentTooLarge},
	{segment.ErrBudget, tooManyFalse},
	{segment.ErrLater, tornInTheMiddle},
	{segment.ErrSequence, outOfSequence},
	{segment.ErrChain, brokenChain},
	{record.ErrFormat, badRecord},
	{record.ErrHash, badHash},
}

// codeOf returns the code for how a log ends; "" when it is clean.
func codeOf(log *Log) Code {
	switch log.End.State {
	case segment.Clean:
		return ""
	case segment.Newer:
		return newerVersion
	case segment.Torn:
		if log.InFlight() {
			return inFlight
		}
		return tornTail
	}
	for _, c := range endCodes {
		if errors.Is(log.End.Err, c.err) {
			return c.code
		}
	}
	return notAGroup
}
