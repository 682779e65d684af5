;;; Emacs 29 or newer with its own Eglot, or Eglot 1.9 from a package. In init.el.  -*- lexical-binding: t -*-
;;; Eglot runs one server in a buffer: this one takes the place of another server for Python.

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs
               '((python-mode python-ts-mode)
                 . ("aotlens" "serve"
                    ;; Tracing runs the code in these folders; name your own.
                    :initializationOptions (:trusted ["~/work"])))))

(setq-default eglot-workspace-configuration
              '((:aotlens . (:trace (:run "onSave")))))

;; M-x eglot starts it in a buffer with Python code. To start it by itself:
;; (add-hook 'python-mode-hook #'eglot-ensure)
