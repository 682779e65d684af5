;; Opens model.py with the configuration of the documentation, and writes what lsp-mode got: diagnostics, lenses, a hover.
;; -*- lexical-binding: t -*-
(require 'json)
(require 'lsp-mode)
(load (getenv "CONFIG"))
(setq lsp-auto-guess-root t
      lsp-enable-snippet nil
      lsp-enable-file-watchers nil
      lsp-restart 'ignore)
(find-file "model.py")
(lsp)
(let ((end (+ (float-time) 120))
      (found (lambda () (mapcar #'lsp:diagnostic-message (apply #'append (hash-table-values (lsp-diagnostics)))))))
  (while (and (< (float-time) end) (not (string-match-p "no gradient" (format "%s" (funcall found)))))
    (accept-process-output nil 0.2))
  (goto-char (point-min))
  (search-forward "self.scale")
  (backward-char 2)
  (let ((hover (lsp-request "textDocument/hover" (lsp--text-document-position-params)))
        (lenses (lsp-request "textDocument/codeLens" `(:textDocument ,(lsp--text-document-identifier)))))
    (with-temp-file (getenv "OUT")
      (insert (json-encode
               `((diagnostics . ,(vconcat (funcall found)))
                 (lenses . ,(length lenses))
                 (hover . ,(lsp-get (lsp-get hover :contents) :value))))))))
(kill-emacs)
