// The functions of the benchmark on net/http and encoding/json.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"
	"unicode/utf8"
)

type order struct {
	OrderID string `json:"order_id"`
	Lines   []struct {
		Quantity  int64 `json:"quantity"`
		UnitCents int64 `json:"unit_cents"`
	} `json:"lines"`
}

type total struct {
	Lines      int    `json:"lines"`
	OrderID    string `json:"order_id"`
	Quantity   int64  `json:"quantity"`
	TotalCents int64  `json:"total_cents"`
}

type envelope struct {
	Data struct {
		Message string `json:"message"`
	}
}

type reply struct {
	Outputs struct {
		Output string `json:"output"`
	}
}

// readJSON answers 400 and returns false if the body is not what value wants.
func readJSON(w http.ResponseWriter, r *http.Request, value any) bool {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, value)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
	return err == nil
}

func writeJSON(w http.ResponseWriter, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(body)
}

func writeText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, text)
}

func root(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		w.WriteHeader(http.StatusNotFound)
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	writeText(w, "Hello, world!")
}

func parse(w http.ResponseWriter, r *http.Request) {
	var placed order
	if !readJSON(w, r, &placed) {
		return
	}
	sum := total{Lines: len(placed.Lines), OrderID: placed.OrderID}
	for _, line := range placed.Lines {
		sum.Quantity += line.Quantity
		sum.TotalCents += line.Quantity * line.UnitCents
	}
	writeJSON(w, sum)
}

func relay(w http.ResponseWriter, r *http.Request) {
	var invocation envelope
	if !readJSON(w, r, &invocation) {
		return
	}
	var text string
	if json.Unmarshal([]byte(invocation.Data.Message), &text) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var answer reply
	answer.Outputs.Output = text + " (" + strconv.Itoa(utf8.RuneCountInString(text)) + ")"
	writeJSON(w, answer)
}

func block(w http.ResponseWriter, r *http.Request) {
	time.Sleep(50 * time.Millisecond)
	writeText(w, "done")
}

// answerAnything is for the request cases of tests/conformance: only the protocol decides.
func answerAnything(w http.ResponseWriter, r *http.Request) {
	if _, err := io.ReadAll(r.Body); err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
}

// only lets one method pass.
func only(method string, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		handler(w, r)
	}
}

func main() {
	address := "127.0.0.1:" + os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT")
	if os.Getenv("AZF_PEER_ANSWERS_ALL") != "" {
		log.Fatal(http.ListenAndServe(address, http.HandlerFunc(answerAnything)))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", only(http.MethodGet, root))
	mux.HandleFunc("/api/hello", only(http.MethodGet, hello))
	mux.HandleFunc("/api/parse", only(http.MethodPost, parse))
	mux.HandleFunc("/relay", only(http.MethodPost, relay))
	mux.HandleFunc("/api/block", only(http.MethodGet, block))
	log.Fatal(http.ListenAndServe(address, mux))
}
