package page

import (
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/forewrite/forewrite/internal/inspect"
	"github.com/forewrite/forewrite/internal/inspect/inspecttest"
)

var keepShots = flag.String("screenshots", "", "keep the screenshots of the page in this directory")

// pageScript has something of everything that a page shows, and a name that would
// like to be a script.
const pageScript = `
open
tx 1 mkdir conf ; put conf/app.toml "port = 1\n"
tx 2 mkdir data ; put data/users.json "[]" ; put data/orders.json "[]"
tx 3 put conf/app.toml "port = 2\n" ; chmod conf/app.toml 600
checkpoint 4
segment 8192
tx 4 put data/users.json "[1]" ; put data/orders.json "[1]" ; put index/by-name "1"
tx 5 remove data/orders.json ; removeall cache
tx 6 put "<script>alert('x')</script>" "x" ; symlink link "../elsewhere"
draft 8 put data/never x
torn 70
`

func writePage(t *testing.T, script string) (path, text string) {
	t.Helper()
	j, err := inspect.Find(inspecttest.Journal(t, script, map[string]string{"conf/app.toml": "port = 1\n"}), "")
	if err != nil {
		t.Fatal(err)
	}
	timeline, err := j.Timeline(t.Context(), 100, inspect.Bytes{Content: "preview"})
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "page.html")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := Write(file, j, timeline); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(data)
}

// The page needs nothing from outside, and what is in the journal stays text.
func TestPageIsSelfContained(t *testing.T) {
	t.Parallel()
	_, text := writePage(t, pageScript)
	for _, bad := range []string{"<script", "http:", "https:", "<link", "<img", "@import", "url(", "onclick", "ZgotmplZ"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	for _, want := range []string{"&lt;script&gt;", "prefers-color-scheme: dark", "@media print", "tx 4, committed, not checkpointed",
		"never committed", "torn or damaged: 70 B at", "port = 2"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, target := range regexp.MustCompile(`href="#(g\d+)"`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(text, `id="`+target[1]+`"`) {
			t.Errorf("a link leads to %s, which is not there", target[1])
		}
	}
	for _, drawing := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(text, -1) {
		d := xml.NewDecoder(strings.NewReader(drawing))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in %s", err, drawing)
			}
		}
	}
}

func TestPageOfNearlyNothing(t *testing.T) {
	t.Parallel()
	for _, script := range []string{"zero 1 0 0", "open", "open\nlose 1\nsegment 4096", "open\ntx 1 put a one\ntx 2 put a two\nclose\nflip 1 0x80"} {
		if _, text := writePage(t, script); !strings.HasSuffix(text, "</html>\n") {
			t.Errorf("%q: the page ends early", script)
		}
	}
}

// Chromium shows the page, light and dark, and unfolds the group that a link leads
// to, without any script.
func TestPageInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: the page was not looked at in a browser")
	}
	page, _ := writePage(t, pageScript)
	link := (&url.URL{Scheme: "file", Path: page}).String()

	dom := chromium(t, browser, "--dump-dom", link+"#g7")
	opened := regexp.MustCompile(`<details open="">.*?<b>(.*?)</b>`).FindAllStringSubmatch(dom, -1)
	if len(opened) != 1 || opened[0][1] != "group 7" {
		t.Errorf("unfolded: %q, want group 7 alone", opened)
	}

	light := shoot(t, browser, link, "light", "--blink-settings=preferredColorScheme=1")
	dark := shoot(t, browser, link, "dark", "--blink-settings=preferredColorScheme=0")
	if light < 0.8 || dark > 0.25 {
		t.Errorf("the paper's brightness is %.2f in the light and %.2f in the dark", light, dark)
	}
}

// shoot takes a screenshot and returns the brightness of the page's corner. A page
// of one color means that nothing was drawn.
func shoot(t *testing.T, browser, link, name, option string) (brightness float64) {
	t.Helper()
	dir := *keepShots
	if dir == "" {
		dir = t.TempDir()
	}
	shot := filepath.Join(dir, name+".png")
	chromium(t, browser, "--window-size=1200,1600", option, "--screenshot="+shot, link)
	file, err := os.Open(shot)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	img, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	colors := make(map[[3]uint32]bool)
	for y := 0; y < img.Bounds().Dy(); y += 3 {
		for x := 0; x < img.Bounds().Dx(); x += 3 {
			r, g, b, _ := img.At(x, y).RGBA()
			colors[[3]uint32{r, g, b}] = true
		}
	}
	if len(colors) < 20 {
		t.Errorf("%s: the screenshot has %d colors: nothing was drawn", name, len(colors))
	}
	r, g, b, _ := img.At(3, 3).RGBA()
	return float64(r+g+b) / (3 * 0xffff)
}

func chromium(t *testing.T, browser string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	options := []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir=" + t.TempDir()}
	cmd := exec.CommandContext(ctx, browser, append(options, args...)...)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium %v: %v", args, err)
	}
	return string(out)
}
