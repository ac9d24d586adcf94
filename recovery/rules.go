package recovery

import (
	"io/fs"

	"github.com/forewrite/forewrite/internal/apply"
	"github.com/forewrite/forewrite/journal/record"
)

// verdict is what is to be done about one path, and why.
type verdict struct {
	decision Decision
	reason   string
	rescue   rescueKind // what goes to lost+found
	inPlace  bool       // the path is right already, and only has to be fsynced
}

// rescueKind says which bytes a verdict puts into lost+found.
type rescueKind uint8

const (
	rescueNothing rescueKind = iota
	rescueLogged             // what the log wants at the path
	rescueFound              // what is found there
	rescueStaged             // the damaged file in staging
)

// finding classifies what is found at a path.
type finding uint8

const (
	foundNothing       finding = iota
	foundKnown                 // a file or link with content that the log knows
	foundEdited                // a file or link with other content, changed after the crash
	foundUnknownFile           // a file with other content, not changed after the crash
	foundUnknownLink           // a link with another target, not changed after the crash
	foundDir                   // a directory
	foundSpecial               // a named pipe, socket or device
	foundEditedSpecial         // a special file that changed after the crash
)

func (o observation) finding() finding {
	switch {
	case o.info == nil:
		return foundNothing
	case o.mode().IsDir():
		return foundDir
	case !o.mode().IsRegular() && !o.isLink():
		if o.isEdited() {
			return foundEditedSpecial
		}
		return foundSpecial
	case o.known:
		return foundKnown
	case o.isEdited():
		return foundEdited
	case o.isLink():
		return foundUnknownLink
	}
	return foundUnknownFile
}

// want classifies what the log wants at a path.
type want uint8

const (
	wantContent want = iota // a file or link
	wantDir                 // a directory, and nothing was removed there before
	wantDirAnew             // a directory, after something was removed there
	wantNothing             // a removal
	wantMode                // another mode of what is there
	wants       = iota
)

func wantOf(c *apply.Change) want {
	switch c.Op {
	case record.OpPut, record.OpSymlink:
		return wantContent
	case record.OpMkdir:
		if c.Before == apply.AsIs {
			return wantDir
		}
		return wantDirAnew
	case record.OpRemove, record.OpRemoveAll:
		return wantNothing
	default:
		return wantMode
	}
}

// rule returns the verdict about a path at which this was found, and c is wanted.
type rule func(d *decider, c *apply.Change, found observation) (verdict, error)

// rules is the table of decisions: what is found at a path × what the log wants there.
//
//	found \ wanted    content         dir        dir anew       nothing        mode
//	----------------  --------------  ---------  -------------  -------------  ---------
//	nothing           redo            redo       redo           redo           set aside
//	known             redo            not a dir  redo           redo           redo [1]
//	edited            keep            not a dir  keep           keep           redo [1]
//	unknown file      displace [2]    not a dir  displace [3]   displace [3]   redo
//	unknown link      displace [2]    not a dir  redo           redo           set aside
//	directory         give way [4]    redo       spare [5]      spare [5]      redo
//	special           set aside       not a dir  redo           redo           redo
//	special, edited   set aside       not a dir  keep           keep           redo
//
//	redo       the path gets what the log wants
//	keep       what is found stays, and what the log wants goes to lost+found
//	displace   what is found goes to lost+found, and the path gets what the log wants
//	set aside  what is found stays, and what the log wants goes to lost+found, because
//	           it can't be done
//	not a dir  keep a link to a directory, set aside anything else
//
//	[1] set aside when a link is found: a mode was wanted for a file or directory.
//	[2] redo when a transaction removed what was there and did not describe it: then
//	    what is found is what it meant to remove.
//	[3] redo when the log does not describe what was removed, for the same reason.
//	[4] redo when a transaction removed the directory, unless a file in it was edited
//	    after the crash; set aside otherwise.
//	[5] redo, except that files edited after the crash stay when a whole tree is removed.
//
// Three checks come on top of the table. Before it, a path is set aside when it leads
// into the journal directory, or when its parent directory does not exist. After it,
// a file whose content is in staging is set aside when that content is missing or
// damaged. At the end, a directory to be removed is set aside when something in it
// stays.
var rules = [...][wants]rule{
	foundNothing:       {redo, redo, redo, redo, noTarget},
	foundKnown:         {redo, notADir, redo, redo, setMode},
	foundEdited:        {keepFound, notADir, keepFound, keepFound, setMode},
	foundUnknownFile:   {displaceUnlessRemoved, notADir, displaceIfDescribed, displaceIfDescribed, setMode},
	foundUnknownLink:   {displaceUnlessRemoved, notADir, redo, redo, setMode},
	foundDir:           {giveWay, redo, spareEdited, spareEdited, setMode},
	foundSpecial:       {notReplaced, notADir, redo, redo, setMode},
	foundEditedSpecial: {notReplaced, notADir, keepFound, keepFound, setMode},
}

func redo(*decider, *apply.Change, observation) (verdict, error) { return verdict{}, nil }

func keepFound(_ *decider, _ *apply.Change, found observation) (verdict, error) {
	return verdict{decision: KeepFound, reason: "the " + kindOf(found) + " was changed after the crash", rescue: rescueLogged}, nil
}

func displace() verdict {
	return verdict{decision: Displace, reason: "what was there is not known to the log", rescue: rescueFound}
}

func setAside(reason string) verdict {
	return verdict{decision: SetAside, reason: reason, rescue: rescueLogged}
}

func displaceUnlessRemoved(d *decider, c *apply.Change, _ observation) (verdict, error) {
	if d.wasRemoved(c) {
		return verdict{}, nil
	}
	return displace(), nil
}

func displaceIfDescribed(_ *decider, c *apply.Change, _ observation) (verdict, error) {
	if !c.Replaced.IsFile() {
		return verdict{}, nil
	}
	return displace(), nil
}

func notADir(d *decider, c *apply.Change, found observation) (verdict, error) {
	if fi, err := d.tree.root.Stat(c.Path); err == nil && fi.IsDir() {
		return verdict{decision: KeepFound, reason: "a link to a directory is there now"}, nil
	}
	return setAside("a " + kindOf(found) + " is there now"), nil
}

func notReplaced(_ *decider, _ *apply.Change, found observation) (verdict, error) {
	return setAside("a " + kindOf(found) + " is there now"), nil
}

func giveWay(d *decider, c *apply.Change, _ observation) (verdict, error) {
	switch c.Before {
	case apply.AsIs:
		return setAside("a directory is there now"), nil
	case apply.Removed:
		return verdict{}, nil
	}
	edited, err := d.tree.editedIn(c.Path)
	if len(edited) == 0 {
		return verdict{}, err
	}
	return setAside("a directory is there, in which " + edited[0] + " was changed after the crash"), err
}

// spareEdited keeps files that were edited after the crash out of the removal of a tree.
func spareEdited(d *decider, c *apply.Change, _ observation) (verdict, error) {
	if c.Before != apply.RemovedAll {
		return verdict{}, nil
	}
	edited, err := d.tree.editedIn(c.Path)
	if err != nil || len(edited) == 0 {
		return verdict{}, err
	}
	if err := d.removeAllBut(edited, c); err != nil {
		return verdict{}, err
	}
	if c.Op == record.OpMkdir {
		return verdict{}, nil
	}
	return verdict{decision: KeepFound, reason: "files in it were changed after the crash"}, nil
}

func noTarget(*decider, *apply.Change, observation) (verdict, error) {
	return setAside("nothing is there any more"), nil
}

func setMode(_ *decider, _ *apply.Change, found observation) (verdict, error) {
	if found.mode()&fs.ModeSymlink != 0 {
		return setAside("a symbolic link is there now"), nil
	}
	return verdict{}, nil
}
