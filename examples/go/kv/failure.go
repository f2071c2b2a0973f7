package kv

import (
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// meaning says what a failed try means for the operation.
type meaning int

const (
	notDone     meaning = iota // definitely not executed: another replica, or the same one later, may do it
	unknown                    // it may have been executed, or may yet be
	sessionGone                // the session of the stamp is gone
	refused                    // an answer
)

type failure struct {
	meaning meaning
	primary string // the primary's address, where the replica named it
	foreign bool   // another cluster's replica was asked
}

func failureOf(err error) failure {
	failed := status.Convert(err)
	for _, detail := range failed.Details() {
		info, ok := detail.(*errdetails.ErrorInfo)
		if !ok || info.Domain != "understudy" {
			continue
		}
		switch info.Reason {
		case "NOT_PRIMARY", "TOO_FEW_COPIES", "OVERLOADED":
			return failure{meaning: notDone, primary: info.Metadata["primary"]}
		case "WRONG_CLUSTER":
			return failure{meaning: notDone, foreign: true}
		case "OUTCOME_UNKNOWN":
			return failure{meaning: unknown}
		case "SESSION_EXPIRED", "SESSION_UNKNOWN":
			return failure{meaning: sessionGone}
		}
		return failure{meaning: refused}
	}
	switch failed.Code() {
	// What the client's own library says when a connection breaks or no answer comes.
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown, codes.Internal:
		return failure{meaning: unknown}
	}
	return failure{meaning: refused}
}
