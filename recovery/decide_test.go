package recovery

import "testing"

func TestTheTableOfDecisionsIsComplete(t *testing.T) {
	t.Parallel()
	if len(rules) != int(editedSpecial)+1 {
		t.Errorf("%d rows", len(rules))
	}
	for found, row := range rules {
		for wanted, rule := range row {
			if rule == nil {
				t.Errorf("no rule where %d is found and %d is wanted", found, wanted)
			}
		}
	}
}
